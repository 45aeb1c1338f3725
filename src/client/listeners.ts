/** Functions that are called when something happens. */
export class Listeners<Event extends unknown[] = []> {
  readonly #all = new Set<(...event: Event) => void>();

  get size(): number {
    return this.#all.size;
  }

  /** Returns what removes the listener again, and tells whether it was still there. */
  add(listener: (...event: Event) => void): () => boolean {
    // An object of its own each time: the same function may be given twice.
    const added = (...event: Event) => listener(...event);
    this.#all.add(added);
    return () => this.#all.delete(added);
  }

  /** Calls each in a turn of its own: one that throws must stop neither the others nor the client. */
  call(...event: Event): void {
    for (const listener of this.#all) {
      queueMicrotask(() => this.#all.has(listener) && listener(...event));
    }
  }
}
