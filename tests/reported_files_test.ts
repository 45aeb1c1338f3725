/** The files of reported messages on the embedded store. */
import { testReportedFiles } from "./conformance/reported_files.ts";
import { SQLITE } from "./harness/stores.ts";

testReportedFiles(SQLITE);
