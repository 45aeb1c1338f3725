/** The whole server on SQLite. */
// @slow: starts processes
import { testChat } from "./conformance/chat.ts";
import { testDurability } from "./conformance/durability.ts";
import { testWalkThrough } from "./conformance/walk_through.ts";
import { SQLITE } from "./harness/stores.ts";

testChat(SQLITE);
testWalkThrough(SQLITE);
testDurability(SQLITE);
