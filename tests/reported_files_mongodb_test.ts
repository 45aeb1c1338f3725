/** The files of reported messages on MongoDB. */
import { testReportedFiles } from "./conformance/reported_files.ts";
import { MONGODB } from "./harness/stores.ts";

testReportedFiles(MONGODB);
