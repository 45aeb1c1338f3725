/** What a joined room needs of the client around it. */
import type { ServerEvents } from "../protocol/wire/events.ts";
import type { PublicUser } from "../protocol/wire/users.ts";
import type { Api } from "./api.ts";
import type { Ack, Action, Unsent } from "./commands.ts";
import type { Connection } from "./connection.ts";
import type { Room, SendOptions } from "./room.ts";
import type { Timing } from "./timing.ts";

/** What the server says of a room itself. */
export type Place = Pick<ServerEvents["room:updated"], "room" | "capabilities">;

export interface RoomHost {
  readonly api: Api;
  readonly connection: Connection;
  readonly timing: Timing;
  /** Takes a command, and reports back by the room's `report`. */
  perform(room: Room, action: Action, files?: SendOptions["files"]): Promise<Ack | null>;
  /** The user; null before it is known. */
  self(): PublicUser | null;
  /** Whether the room is on the screen, of this handle's holder or of another's. */
  isPresent(room: Room): boolean;
  /** Takes the position up to which a room is read, for all its handles. */
  readonly acked: (ack: ServerEvents["read:ack"]) => void;
  /** The room's unsent commands, under its id or slug. */
  unsent(room: Room): Unsent[];
  /** The app has left the room. */
  release(room: Room): void;
}
