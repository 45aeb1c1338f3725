/** Waits that can be ended early, all at once. */
export class Pauses {
  /** Ends the waits that are under way. */
  readonly #ends = new Set<() => void>();

  /** Resolves after so many milliseconds, or at the next `end`. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#ends.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#ends.add(end);
    });
  }

  /** Ends the waits that are under way. */
  end(): void {
    for (const end of this.#ends) end();
  }
}
