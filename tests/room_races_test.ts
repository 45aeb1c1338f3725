/** Races for direct rooms, blocks and invitations, on SQLite without a bus between the instances. */
import { testRoomRaces } from "./conformance/room_races.ts";
import { SQLITE } from "./harness/stores.ts";

testRoomRaces(SQLITE);
