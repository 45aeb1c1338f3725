/** Caches rooms: their ids and slugs for good, for they never change, the rest for 10 s. */
import { LRUCache } from "lru-cache";
import { roomNotFound } from "../domain/errors.ts";
import type { NewRoom, Room } from "../domain/room.ts";
import type { Bus } from "../ports/bus.ts";
import { SingleFlights } from "../async/single_flight.ts";
import type { Store } from "../ports/store/store.ts";

const MAX_ROOMS = 10_000;
/** How long a creator may be shown under an old name if the event of the change was lost. */
const MAX_AGE_MS = 10_000;

export class RoomCache {
  readonly #store: Store;
  readonly #ids = new LRUCache<string, string>({ max: MAX_ROOMS });
  readonly #rooms = new LRUCache<string, NewRoom>({ max: MAX_ROOMS, ttl: MAX_AGE_MS });
  /** Shared, because a hundred sockets may ask for a room at once after a restart. */
  readonly #reads = new SingleFlights((idOrSlug) => this.#describe(idOrSlug));
  /** Counts invalidations: what was read before one and arrives after it may be outdated. */
  #invalidations = 0;
  /** The last invalidation of all rooms, and of single ones. */
  #allInvalidated = 0;
  readonly #invalidated = new LRUCache<string, number>({ max: MAX_ROOMS });

  constructor(store: Store, bus: Bus) {
    this.#store = store;
    bus.subscribe((event) => {
      if (event.kind === "profile_changed") this.#dropRoomsOf(event.user.id);
      else if (event.kind === "interrupted") this.#rooms.clear();
      else return;
      this.#allInvalidated = ++this.#invalidations;
    });
  }

  /** The room has changed: what was read before is outdated. */
  invalidate(roomId: string): void {
    this.#invalidated.set(roomId, ++this.#invalidations);
    this.#rooms.delete(roomId);
  }

  /**
   * The id of a room given by id or slug.
   * @throws ChatError `room_not_found`
   */
  async identify(idOrSlug: string): Promise<string> {
    return this.#ids.get(idOrSlug) ?? (await this.#reads.run(idOrSlug)).id;
  }

  /** The same, if it is cached. */
  knownId(idOrSlug: string): string | undefined {
    return this.#ids.get(idOrSlug);
  }

  /** A room without the end of its log, if it is cached; at most 10 s old. */
  known(roomId: string): NewRoom | undefined {
    return this.#rooms.get(roomId);
  }

  /**
   * The same, looked up in the store if it is not cached.
   * @throws ChatError `room_not_found`
   */
  async find(idOrSlug: string): Promise<NewRoom> {
    const id = this.#ids.get(idOrSlug);
    return (id === undefined ? undefined : this.#rooms.get(id)) ??
      await this.#reads.run(idOrSlug);
  }

  /**
   * A room as it is in the store.
   * @throws ChatError `room_not_found`
   */
  async read(idOrSlug: string): Promise<Room> {
    return await this.#keep(idOrSlug, () => this.#store.rooms.find(idOrSlug));
  }

  #describe(idOrSlug: string): Promise<NewRoom> {
    return this.#keep(idOrSlug, () => this.#store.rooms.describe(idOrSlug));
  }

  async #keep<R extends NewRoom>(idOrSlug: string, read: () => Promise<R | null>): Promise<R> {
    const invalidations = this.#invalidations;
    const room = await read();
    if (!room) throw roomNotFound();
    this.#ids.set(idOrSlug, room.id);
    const invalidated = Math.max(this.#allInvalidated, this.#invalidated.get(room.id) ?? 0);
    if (invalidated <= invalidations) this.#rooms.set(room.id, room);
    return room;
  }

  #dropRoomsOf(userId: string): void {
    for (const [id, { createdBy, members = [] }] of this.#rooms.entries()) {
      if ([createdBy, ...members].some((user) => user.id === userId)) this.#rooms.delete(id);
    }
  }
}
