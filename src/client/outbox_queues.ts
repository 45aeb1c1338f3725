/** An outbox's commands in order: a queue for each room, under a name until the room's id is known. */

/** What a queue needs of an item. */
interface Queued {
  /** `room` is an id or slug. */
  message: { room: string };
  /** Its place among all items. */
  order: number;
}

export class OutboxQueues<Item extends Queued> {
  /** By the room's id. */
  readonly #queues = new Map<string, Item[]>();
  /** By a name that is not resolved to an id yet. */
  readonly #unresolved = new Map<string, Item[]>();
  /** Ids of rooms by their names; an id is a name, too. */
  readonly #ids = new Map<string, string>();

  /** Ids of the rooms that have a queue. */
  get rooms(): Iterable<string> {
    return this.#queues.keys();
  }

  /** A name that has to be resolved to an id; undefined if there is none. */
  get unresolved(): string | undefined {
    return this.#unresolved.keys().next().value;
  }

  add(item: Item): void {
    const id = this.#ids.get(item.message.room);
    const queues = id === undefined ? this.#unresolved : this.#queues;
    const name = id ?? item.message.room;
    const items = queues.get(name) ?? [];
    queues.set(name, items);
    items.push(item);
    items.sort(byOrder);
  }

  /** A name is resolved to a room's id. */
  resolve(name: string, id: string): void {
    this.#ids.set(name, id).set(id, id);
    for (const known of [name, id]) {
      const items = this.#unresolved.get(known) ?? [];
      this.#unresolved.delete(known);
      this.#queues.set(id, [...items, ...(this.#queues.get(id) ?? [])].sort(byOrder));
    }
  }

  /** The first item of a room, by its id. */
  first(room: string): Item | undefined {
    return this.#queues.get(room)?.[0];
  }

  /** The items of a room, by any name of it, in order. */
  of(name: string): readonly Item[] {
    return this.#unresolved.get(name) ?? this.#queues.get(this.#ids.get(name) ?? name) ?? [];
  }

  all(): Item[] {
    return [...this.#queues.values(), ...this.#unresolved.values()].flat();
  }

  /** Returns whether the item was still there. */
  remove(item: Item): boolean {
    for (const items of [...this.#queues.values(), ...this.#unresolved.values()]) {
      const index = items.indexOf(item);
      if (index < 0) continue;
      items.splice(index, 1);
      return true;
    }
    return false;
  }

  /** The items under a name that is not resolved; none once it is. */
  underUnresolved(name: string): readonly Item[] {
    return this.#unresolved.get(name) ?? [];
  }

  /** Forgets a name that cannot be resolved. */
  removeUnresolved(name: string): void {
    this.#unresolved.delete(name);
  }

  /** Forgets the queue of a room if it is empty. */
  removeEmpty(room: string): void {
    if (this.#queues.get(room)?.length === 0) this.#queues.delete(room);
  }

  clear(): void {
    this.#queues.clear();
    this.#unresolved.clear();
    this.#ids.clear();
  }
}

function byOrder(a: Queued, b: Queued): number {
  return a.order - b.order;
}
