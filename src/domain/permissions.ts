/** What an actor may do in a room: the one table. */
import type { Actor } from "./actor.ts";
import type { RoomIdentity } from "./room.ts";

/** Without `room.read` a room does not exist for the actor. */
export type Capability =
  | "room.read"
  | "message.send"
  | "message.react"
  | "message.edit_own"
  | "message.delete_own"
  | "message.mention_room"
  | "message.pin"
  | "message.delete_any";

/** Every room is public, and who has sent to it is a member. */
const EVERYBODY: readonly Capability[] = [
  "room.read",
  "message.send",
  "message.react",
  "message.edit_own",
  "message.delete_own",
];
const SIGNED_IN: ReadonlySet<Capability> = new Set(EVERYBODY);
const OWNER: ReadonlySet<Capability> = new Set<Capability>([
  ...EVERYBODY,
  "message.mention_room",
  "message.pin",
  "message.delete_any",
]);

/** What `actor` may do in `room`. */
export function capabilitiesOf(
  { userId }: Pick<Actor, "userId">,
  { creatorId }: RoomIdentity,
): ReadonlySet<Capability> {
  return userId === creatorId ? OWNER : SIGNED_IN;
}
