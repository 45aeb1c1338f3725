/** Where rooms' logs end, as far as this instance knows: what the next append is decided on. */
import { LRUCache } from "lru-cache";
import { type Entry, type LogPosition, positionOf } from "../domain/entry.ts";
import type { Store } from "../ports/store/store.ts";

/** Rooms whose logs' ends are remembered. */
const MAX_ENDS = 10_000;

/** The end of a log, and the store's epoch in which it was that. */
export interface Basis {
  end: LogPosition;
  epoch: number;
}

export class LogEnds {
  readonly #store: Store;
  readonly #ends = new LRUCache<string, Basis>({ max: MAX_ENDS });

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * The end of a log, read from the store if it is not known.
   * @throws ChatError `unavailable`
   */
  async get(roomId: string): Promise<Basis> {
    const { epoch } = this.#store;
    return this.known(roomId) ?? { end: await this.#store.log.end(roomId), epoch };
  }

  /** The end of a log, if it is known of the database as it is now. */
  known(roomId: string): Basis | undefined {
    const known = this.#ends.get(roomId);
    return known?.epoch === this.#store.epoch ? known : undefined;
  }

  /** Takes a later end. Returns whether more of the log is known now. */
  advance(roomId: string, basis: Basis): boolean {
    const known = this.#ends.get(roomId);
    if (known && known.epoch > basis.epoch) return false;
    if (known?.epoch === basis.epoch && known.end.seq >= basis.end.seq) return false;
    this.#ends.set(roomId, basis);
    return true;
  }

  /** Takes entries that follow a basis, and returns the basis after them. */
  after(roomId: string, { end, epoch }: Basis, entries: readonly Entry[]): Basis {
    const last = entries.at(-1);
    const basis = { end: last ? positionOf(last) : end, epoch };
    this.advance(roomId, basis);
    return basis;
  }

  /** The end of a log is read again before it is used. */
  forget(roomId: string): void {
    this.#ends.delete(roomId);
  }
}
