/** Search in messages on SQLite. */
import { testSearch } from "./conformance/search.ts";
import { SQLITE } from "./harness/stores.ts";

testSearch(SQLITE);
