/** MongoDB keeps what was acked when the process is killed. */
import { testDurability } from "./conformance/durability.ts";
import { MONGODB } from "./harness/stores.ts";

testDurability(MONGODB);
