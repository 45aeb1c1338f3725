/** What use cases depend on: the services, and the rooms and accounts that this instance serves. */
import type { Accounts } from "../accounts/accounts.ts";
import type { Rooms } from "../rooms/rooms.ts";
import type { Services } from "../services/services.ts";

/** Each use case names the few of these that it needs. */
export interface Dependencies extends Services {
  rooms: Rooms;
  accounts: Accounts;
}
