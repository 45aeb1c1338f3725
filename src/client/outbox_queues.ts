/** An outbox's commands in order: a queue for each room, under a name until the room's id is known. */

/** What a queue needs of an item. */
interface Queued {
  /** `room` is an id or slug. */
  message: { room: string };
  /** Its place among all items. */
  order: number;
}

export class OutboxQueues<Item extends Queued> {
  /** In order. */
  #items: Item[] = [];
  /** Ids of rooms by their names; an id is a name, too. */
  readonly #ids = new Map<string, string>();

  /** Ids of the rooms that have a queue, if all names are resolved. */
  get rooms(): Iterable<string> {
    return new Set(this.#items.map((item) => this.#roomOf(item)));
  }

  /** A name that has to be resolved to an id; undefined if there is none. */
  get unresolved(): string | undefined {
    return this.#items.find(({ message }) => !this.#ids.has(message.room))?.message.room;
  }

  /** Adds an item at its place in the order. */
  add(item: Item): void {
    this.#items = [...this.#items, item].sort((a, b) => a.order - b.order);
  }

  /** A name is resolved to a room's id. */
  resolve(name: string, id: string): void {
    this.#ids.set(name, id).set(id, id);
  }

  /** The items of a room, by any name of it, in order. */
  of(name: string): Item[] {
    const room = this.#ids.get(name) ?? name;
    return this.#items.filter((item) => this.#roomOf(item) === room);
  }

  /** The items of all rooms, in order. */
  all(): readonly Item[] {
    return this.#items;
  }

  /** Returns whether the item was still there. */
  remove(item: Item): boolean {
    const isThere = this.#items.includes(item);
    this.#items = this.#items.filter((other) => other !== item);
    return isThere;
  }

  clear(): void {
    this.#items = [];
    this.#ids.clear();
  }

  #roomOf({ message: { room } }: Item): string {
    return this.#ids.get(room) ?? room;
  }
}
