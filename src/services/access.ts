/** The one way from a use case to a room: finds it, and says what the actor may do in it. */
import type { Actor } from "../domain/actor.ts";
import { ChatError, hasCode } from "../domain/errors.ts";
import type { Message } from "../domain/message.ts";
import type { NewRoom, Room } from "../domain/room.ts";
import { accessTo, mayKnowOf, requireRead, type RoomAccess, viewOf } from "./room_access.ts";
import type { RoomCache } from "./room_cache.ts";
import type { Place, Standings } from "./standings.ts";

/** What a socket is let into a room with. */
export interface Admission {
  access: RoomAccess;
  /** The same object for all until the room changes. */
  room: NewRoom;
  /** The last entry delivered. */
  lastSeq: number;
}

export class Access {
  readonly #rooms: RoomCache;
  readonly #standings: Standings;

  constructor(rooms: RoomCache, standings: Standings) {
    this.#rooms = rooms;
    this.#standings = standings;
  }

  /**
   * Access to a room given by id or slug, without a look-up in the store, for what is decided at the
   * end of its log anyway; undefined if it needs one, as before each refusal.
   */
  known(actor: Actor, idOrSlug: string): RoomAccess | undefined {
    const roomId = this.#rooms.knownId(idOrSlug);
    if (roomId === undefined) return undefined;
    const place = this.#standings.known(roomId, actor.userId);
    return place && this.#readable(actor, roomId, place);
  }

  /** The id of a room given by id or slug, if it is known and the actor may read it. */
  knownId(actor: Actor, idOrSlug: string): string | undefined {
    const room = this.#knownRoom(actor, idOrSlug);
    return room?.capabilities.has("room.read") ? room.roomId : undefined;
  }

  /**
   * What names a room in an answer, without a look-up in the store: its id, if it is known and the
   * actor may know of it, banned or not; else what they named it by.
   */
  nameOf(actor: Actor, idOrSlug: string): string {
    const room = this.#knownRoom(actor, idOrSlug);
    return room && mayKnowOf(room.place, room.capabilities) ? room.roomId : idOrSlug;
  }

  /**
   * Access to a room given by id or slug, as it was at most 10 s ago.
   * @throws ChatError `room_not_found` if there is none, or the actor may not know of it; `forbidden`
   *   if they are banned; `unavailable`
   */
  async find(actor: Actor, idOrSlug: string): Promise<RoomAccess> {
    return requireRead(await this.locate(actor, idOrSlug));
  }

  /**
   * Access to a room given by id or slug that the actor may know of, banned from it or not, as it was
   * at most 10 s ago.
   * @throws ChatError `room_not_found` if there is none, or the actor may not know of it; `unavailable`
   */
  async locate(actor: Actor, idOrSlug: string): Promise<RoomAccess> {
    const roomId = await this.#rooms.identify(idOrSlug);
    const place = this.#standings.recent(roomId, actor.userId);
    return (place && this.#readable(actor, roomId, place)) ?? await this.#view(actor, roomId);
  }

  /**
   * What the actor may do in a room no earlier than at entry `seq`, the last one delivered, and the
   * room: in this turn, if they are known; else a promise after which it is to be asked again.
   * @throws ChatError as `find`
   */
  admit(
    actor: Pick<Actor, "userId" | "isAdmin">,
    roomId: string,
    seq: number,
  ): Admission | Promise<unknown> {
    const place = this.#standings.known(roomId, actor.userId, seq);
    if (!place) return this.#standings.read(roomId, actor.userId, seq);
    const access = accessTo(actor, roomId, place, this.#standings.table);
    const room = this.#rooms.known(roomId);
    return room ? { access, room, lastSeq: seq } : this.#rooms.find(roomId);
  }

  /**
   * `admit` for an actor who comes into a room, after `renew`. That begins now: a store that gathers
   * questions answers it together with what the caller asks next.
   * @param found access that may be older than the call
   * @returns what is to be asked as `admit`; it fails as `admit` and `renew` do
   */
  admission(
    actor: Pick<Actor, "userId" | "isAdmin">,
    found: RoomAccess,
  ): (seq: number) => Admission | Promise<unknown> {
    let renewal = this.renew(actor, found)?.then(() => {
      renewal = undefined;
    });
    // It is awaited only by who gets so far as to be admitted.
    renewal?.catch(() => {});
    return (seq) => renewal ?? this.admit(actor, found.roomId, seq);
  }

  /**
   * Reads anew what no entry of the log shows: blocks in a direct room, and whether a stranger has
   * joined a public room on another instance. `admit` knows of it afterwards.
   * @returns undefined if there is nothing of that kind
   */
  renew(
    actor: Pick<Actor, "userId" | "isAdmin">,
    access: RoomAccess,
  ): Promise<unknown> | undefined {
    if (access.isRead || !(hasBlocks(access) || isStranger(access))) return;
    return this.#read(actor, access.roomId);
  }

  /**
   * Makes sure that the actor may still read what was read meanwhile: at the last entry in it.
   * @param messages what was read; left out where that does not tell
   * @returns what the actor may do then
   * @throws ChatError as `find`
   */
  async confirm(
    actor: Actor,
    { roomId }: Pick<RoomAccess, "roomId">,
    messages?: readonly Pick<Message, "changedSeq">[],
  ): Promise<RoomAccess> {
    const seq = messages?.reduce((last, { changedSeq }) => Math.max(last, changedSeq), 0);
    return await this.#confirmAt(actor, roomId, seq);
  }

  /**
   * Whether the actor may still read what was read meanwhile: as `confirm`, without its refusals.
   * @throws ChatError `unavailable`
   */
  async mayRead(...[actor, room, messages]: Parameters<Access["confirm"]>): Promise<boolean> {
    try {
      await this.confirm(actor, room, messages);
      return true;
    } catch (error) {
      if (hasCode(error, "room_not_found", "forbidden")) return false;
      throw error;
    }
  }

  /**
   * A room as it is in the store, and what the actor may do in it then.
   * @throws ChatError as `find`
   */
  async read(actor: Actor, idOrSlug: string): Promise<{ room: Room; access: RoomAccess }> {
    const found = await this.find(actor, idOrSlug);
    const { roomId } = found;
    await this.renew(actor, found);
    const room = await this.#rooms.read(roomId);
    return { room, access: await this.#confirmAt(actor, roomId, room.lastSeq) };
  }

  /**
   * Those of these users who may read a room.
   * @param seq no earlier than at this entry; left out: as it was at most 10 s ago
   * @throws ChatError `room_not_found`, `unavailable`
   */
  async readers(roomId: string, userIds: readonly string[], seq?: number): Promise<string[]> {
    const places = await Promise.all(userIds.map((userId) => {
      const known = seq === undefined
        ? this.#standings.recent(roomId, userId)
        : this.#standings.known(roomId, userId, seq);
      return known ?? this.#standings.read(roomId, userId, seq);
    }));
    const now = new Date();
    return userIds.filter((_, i) => {
      const { rules, standing } = places[i]!;
      return this.#standings.table({}, rules, standing, now).has("room.read");
    });
  }

  async #confirmAt(actor: Actor, roomId: string, seq?: number): Promise<RoomAccess> {
    const place = seq && this.#standings.known(roomId, actor.userId, seq);
    const access = place ? this.#readable(actor, roomId, place) : undefined;
    if (!access || hasBlocks(access)) return await this.#read(actor, roomId, seq);
    return access;
  }

  /** A room that is known, whether the actor may know of it or not. */
  #knownRoom(actor: Actor, idOrSlug: string) {
    const roomId = this.#rooms.knownId(idOrSlug);
    const place = roomId && this.#standings.known(roomId, actor.userId);
    if (!place) return undefined;
    const { rules, standing } = place;
    const capabilities = this.#standings.table(actor, rules, standing, new Date());
    return { roomId, place, capabilities };
  }

  /** Undefined if the actor may not read the room by what is cached: it may be too old. */
  #readable(actor: Actor, roomId: string, place: Place): RoomAccess | undefined {
    try {
      return accessTo(actor, roomId, place, this.#standings.table);
    } catch (error) {
      if (error instanceof ChatError) return undefined;
      throw error;
    }
  }

  async #read(
    actor: Pick<Actor, "userId" | "isAdmin">,
    roomId: string,
    seq?: number,
  ): Promise<RoomAccess> {
    return requireRead(await this.#view(actor, roomId, seq));
  }

  async #view(
    actor: Pick<Actor, "userId" | "isAdmin">,
    roomId: string,
    seq?: number,
  ): Promise<RoomAccess> {
    const place = await this.#standings.read(roomId, actor.userId, seq);
    return { ...viewOf(actor, roomId, place, this.#standings.table), isRead: true };
  }
}

/** Whether the cached standing is that of no member. It may be stale: joining a public room takes no entry. */
function isStranger({ rules, standing }: RoomAccess): boolean {
  return rules.type === "public" && standing.role === null;
}

/** Whether blocks decide what is allowed, which are no entries of the room's log. */
function hasBlocks({ rules }: RoomAccess): boolean {
  return rules.type === "direct";
}
