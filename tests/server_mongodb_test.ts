/** The whole server on MongoDB. */
import { testChat } from "./conformance/chat.ts";
import { testDurability } from "./conformance/durability.ts";
import { testWalkThrough } from "./conformance/walk_through.ts";
import { MONGODB } from "./harness/stores.ts";

testChat(MONGODB);
testWalkThrough(MONGODB);
testDurability(MONGODB);
