/** Private and direct rooms, blocks and preferences on the embedded store. */
import { testDirectRooms } from "./conformance/direct_rooms.ts";
import { SQLITE } from "./harness/stores.ts";

testDirectRooms(SQLITE);
