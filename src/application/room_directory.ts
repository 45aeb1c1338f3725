/** Finds rooms' ids by id or slug, and remembers them: neither ever changes. */
import { LRUCache } from "lru-cache";
import { roomNotFound } from "../domain/errors.ts";
import type { Store } from "../ports/store.ts";

const MAX_REMEMBERED = 10_000;

export class RoomDirectory {
  readonly #store: Store;
  readonly #ids = new LRUCache<string, string>({ max: MAX_REMEMBERED });

  constructor(store: Store) {
    this.#store = store;
  }

  /** @throws ChatError `room_not_found` */
  async idOf(idOrSlug: string): Promise<string> {
    const known = this.#ids.get(idOrSlug);
    if (known !== undefined) return known;
    const room = await this.#store.findRoom(idOrSlug);
    if (!room) throw roomNotFound();
    this.#ids.set(idOrSlug, room.id);
    return room.id;
  }
}
