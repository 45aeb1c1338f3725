/** The one way from a use case to a room: finds it, and says what the actor may do in it. */
import type { Actor } from "../domain/actor.ts";
import { ChatError, roomNotFound } from "../domain/errors.ts";
import { type Role, STRANGER } from "../domain/membership.ts";
import { capabilitiesOf, type Capability } from "../domain/permissions.ts";
import { type NewRoom, OPEN_RULES, type Room, type RoomIdentity } from "../domain/room.ts";
import type { RoomCache } from "./room_cache.ts";

/** What an actor may do in a room that is public and not restricted. */
export type Table = (actor: Actor, room: RoomIdentity) => ReadonlySet<Capability>;

// Asked for with every send, so that nothing is made then.
const OF_OWNERS = inOpenRoom("owner");
const OF_MEMBERS = inOpenRoom("member");

/** A room that an actor may read, and what else they may do in it. */
export interface RoomAccess {
  roomId: string;
  capabilities: ReadonlySet<Capability>;
}

export class Access {
  readonly #rooms: RoomCache;
  readonly #capabilitiesOf: Table;

  /** @param table what an actor may do in a room */
  constructor(rooms: RoomCache, table: Table = inPublicRoom) {
    this.#rooms = rooms;
    this.#capabilitiesOf = table;
  }

  /**
   * Access to a room given by id or slug, without a look-up in the store: undefined if it needs one.
   * @throws ChatError `room_not_found` if the actor may not read it
   */
  known(actor: Actor, idOrSlug: string): RoomAccess | undefined {
    const room = this.#rooms.known(idOrSlug);
    return room && this.#grant(actor, room);
  }

  /** The id of a room given by id or slug, if it is known and the actor may read it. */
  knownId(actor: Actor, idOrSlug: string): string | undefined {
    const room = this.#rooms.known(idOrSlug);
    return room && this.#capabilitiesOf(actor, room).has("room.read") ? room.id : undefined;
  }

  /**
   * Access to a room given by id or slug.
   * @throws ChatError `room_not_found` if there is none, or the actor may not read it; `unavailable`
   */
  async find(actor: Actor, idOrSlug: string): Promise<RoomAccess> {
    return this.#grant(actor, await this.#rooms.identify(idOrSlug));
  }

  /**
   * A room without the end of its log; at most 10 s old.
   * @throws ChatError as `find`
   */
  async describe(actor: Actor, idOrSlug: string): Promise<NewRoom> {
    const room = await this.#rooms.find(idOrSlug);
    this.#grant(actor, { id: room.id, creatorId: room.createdBy.id });
    return room;
  }

  /**
   * A room as it is in the store.
   * @throws ChatError as `find`
   */
  async read(actor: Actor, idOrSlug: string): Promise<Room> {
    const room = await this.#rooms.read(idOrSlug);
    this.#grant(actor, { id: room.id, creatorId: room.createdBy.id });
    return room;
  }

  #grant(actor: Actor, room: RoomIdentity): RoomAccess {
    const capabilities = this.#capabilitiesOf(actor, room);
    if (!capabilities.has("room.read")) throw roomNotFound();
    return { roomId: room.id, capabilities };
  }
}

/** Who has sent to a public room is a member, and nobody else has anything there to change. */
function inPublicRoom(
  { userId, isAdmin = false }: Actor,
  { creatorId }: RoomIdentity,
): ReadonlySet<Capability> {
  return isAdmin || userId === creatorId ? OF_OWNERS : OF_MEMBERS;
}

function inOpenRoom(role: Role): ReadonlySet<Capability> {
  return capabilitiesOf({}, OPEN_RULES, { ...STRANGER, role }, new Date());
}

/** @throws ChatError `forbidden` */
export function requireCapability({ capabilities }: RoomAccess, capability: Capability): void {
  if (!capabilities.has(capability)) throw forbidden();
}

/** The actor may not do this. */
export function forbidden(): ChatError {
  return new ChatError("forbidden", "You may not do this in this room.");
}
