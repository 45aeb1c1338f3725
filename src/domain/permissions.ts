/** What an actor may do in a room: the one table. */
import type { Actor } from "./actor.ts";

/** Without `room.read` a room does not exist for the actor. */
export type Capability = "room.read" | "message.send";

const SIGNED_IN: ReadonlySet<Capability> = new Set(["room.read", "message.send"]);

/** What `actor` may do in `room`. Every room is public: everybody signed in may read and send. */
export function capabilitiesOf(_actor: Actor, _room: { id: string }): ReadonlySet<Capability> {
  return SIGNED_IN;
}
