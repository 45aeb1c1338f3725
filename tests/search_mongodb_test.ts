/** Search in messages on MongoDB. */
import { testSearch } from "./conformance/search.ts";
import { MONGODB } from "./harness/stores.ts";

testSearch(MONGODB);
