/** How far the others have read the rooms that were open, as far as the server has notified this page. */
import { type Signal, signal } from "@preact/signals";

/** The last entry that each has read, by the ids of users. */
export type Positions = ReadonlyMap<string, number>;

/** So many rooms are kept while others are open. */
const MAX_ROOMS = 50;

export class ReadPositions {
  /** The room that was opened last is last. */
  readonly #rooms = new Map<string, Signal<Positions>>();

  /** Those of a room, to be read and set. */
  of(roomId: string): Signal<Positions> {
    const positions = this.#rooms.get(roomId) ?? signal<Positions>(new Map());
    this.#rooms.delete(roomId);
    this.#rooms.set(roomId, positions);
    const [oldest] = this.#rooms.keys();
    if (this.#rooms.size > MAX_ROOMS) this.#rooms.delete(oldest!);
    return positions;
  }
}
