/** Does a few things at once, in turns among those who wait for them. */

/** Round robin over owners: who wants much done delays nobody else by more than one thing each. */
export class FairQueue {
  readonly #concurrency: number;
  /** What each owner waits for; the one whose turn is next comes first. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #active = 0;

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  /** Resolves with the owner's turn; to be disposed of at its end. */
  async take(owner: string): Promise<Disposable> {
    const turn = new Promise<void>((resolve) => {
      const own = this.#waiting.get(owner);
      if (own) own.push(resolve);
      else this.#waiting.set(owner, [resolve]);
    });
    this.#begin();
    await turn;
    return { [Symbol.dispose]: () => this.#leave() };
  }

  /** How many turns would come before one that this owner took now, without those under way. */
  ahead(owner: string): number {
    const own = this.#waiting.get(owner)?.length ?? 0;
    let ahead = own;
    for (const [other, { length }] of this.#waiting) {
      if (other !== owner) ahead += Math.min(length, own + 1);
    }
    return ahead;
  }

  /** Turns that are waited for or under way. */
  get size(): number {
    let size = this.#active;
    for (const { length } of this.#waiting.values()) size += length;
    return size;
  }

  #leave(): void {
    this.#active--;
    this.#begin();
  }

  #begin(): void {
    for (const [owner, [begin, ...others]] of this.#waiting) {
      if (this.#active >= this.#concurrency) return;
      this.#active++;
      this.#waiting.delete(owner);
      if (others.length > 0) this.#waiting.set(owner, others);
      begin!();
    }
  }
}
