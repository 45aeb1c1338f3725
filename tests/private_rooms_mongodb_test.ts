/** Private and direct rooms, blocks and invitations on MongoDB, and the races for them. */
import { testDirectRooms } from "./conformance/direct_rooms.ts";
import { testInvitations } from "./conformance/invitations.ts";
import { testRoomRaces } from "./conformance/room_races.ts";
import { MONGODB } from "./harness/stores.ts";

testDirectRooms(MONGODB);
testInvitations(MONGODB);
testRoomRaces(MONGODB);
