/** SQLite keeps what was acked when the process is killed. */
import { testDurability } from "./conformance/durability.ts";
import { SQLITE } from "./harness/stores.ts";

testDurability(SQLITE);
