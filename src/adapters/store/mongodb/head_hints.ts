/** A bounded memory of where the rooms' logs ended when last seen. */

const MAX_ROOMS = 10_000;

/**
 * Spares an append the read of the head. A hint that lags costs a conflict; one that is ahead would
 * leave a hole, so that only a head that a majority has may be told, and all are to be cleared
 * whenever the database may have become another (a restart, a restored backup).
 */
export class HeadHints {
  readonly #heads = new Map<string, number>();

  get(roomId: string): number | undefined {
    return this.#heads.get(roomId);
  }

  /** Tells of a head; what it was when seen earlier, or is by now, may be more. */
  raise(roomId: string, head: number): void {
    const known = this.#heads.get(roomId) ?? 0;
    // Deleting first keeps the map in order of use, and its first room the one to drop.
    this.#heads.delete(roomId);
    if (this.#heads.size >= MAX_ROOMS) this.#dropOldest();
    this.#heads.set(roomId, Math.max(known, head));
  }

  forget(roomId: string): void {
    this.#heads.delete(roomId);
  }

  clear(): void {
    this.#heads.clear();
  }

  #dropOldest(): void {
    const [oldest] = this.#heads.keys();
    if (oldest !== undefined) this.#heads.delete(oldest);
  }
}
