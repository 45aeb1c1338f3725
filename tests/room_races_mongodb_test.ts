/** Races for direct rooms, blocks and invitations on MongoDB. */
import { testRoomRaces } from "./conformance/room_races.ts";
import { MONGODB } from "./harness/stores.ts";

testRoomRaces(MONGODB);
