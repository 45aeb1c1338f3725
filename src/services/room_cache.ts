/** Remembers what rooms are: their ids and slugs never change, and of the rest it hears. */
import { LRUCache } from "lru-cache";
import { roomNotFound } from "../domain/errors.ts";
import type { NewRoom } from "../domain/room.ts";
import type { Bus } from "../ports/bus.ts";
import type { Store } from "../ports/store/store.ts";

const MAX_REMEMBERED = 10_000;
/** How long a creator may be shown under an old name if the word of the new one was lost. */
const MAX_AGE_MS = 10_000;

export class RoomDirectory {
  readonly #store: Store;
  readonly #ids = new LRUCache<string, string>({ max: MAX_REMEMBERED });
  readonly #rooms = new LRUCache<string, NewRoom>({ max: MAX_REMEMBERED, ttl: MAX_AGE_MS });
  /** Counts the news: what was asked before one and is answered after it may be old. */
  #news = 0;

  constructor(store: Store, bus: Bus) {
    this.#store = store;
    bus.subscribe((event) => {
      if (event.kind === "profile_changed") this.#forgetRoomsOf(event.user.id);
      else if (event.kind === "interrupted") this.#rooms.clear();
      else return;
      this.#news++;
    });
  }

  /**
   * The id of a room given by id or slug.
   * @throws ChatError `room_not_found`
   */
  async idOf(idOrSlug: string): Promise<string> {
    return this.#ids.get(idOrSlug) ?? (await this.#look(idOrSlug)).id;
  }

  /** The id of a room given by id or slug, if it was looked up before. */
  knownId(idOrSlug: string): string | undefined {
    return this.#ids.get(idOrSlug);
  }

  /**
   * All of a room but how far its log reaches.
   * @throws ChatError `room_not_found`
   */
  async find(idOrSlug: string): Promise<NewRoom> {
    const id = this.#ids.get(idOrSlug);
    return (id === undefined ? undefined : this.#rooms.get(id)) ?? await this.#look(idOrSlug);
  }

  async #look(idOrSlug: string): Promise<NewRoom> {
    const news = this.#news;
    const room = await this.#store.rooms.find(idOrSlug);
    if (!room) throw roomNotFound();
    this.#ids.set(idOrSlug, room.id);
    if (news === this.#news) this.#rooms.set(room.id, room);
    return room;
  }

  #forgetRoomsOf(userId: string): void {
    for (const [id, { createdBy }] of this.#rooms.entries()) {
      if (createdBy.id === userId) this.#rooms.delete(id);
    }
  }
}
