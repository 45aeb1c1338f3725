/** Values that tell when they change, in the shape that React's `useSyncExternalStore` takes. */

/** A value that changes. Both functions may be handed on without their object. */
export interface Observable<T> {
  /** The value as it is now: the same object until it changes. */
  readonly get: () => T;
  /**
   * Has a function called after changes: once for all of one turn.
   * @returns ends the subscription
   */
  readonly subscribe: (listener: () => void) => () => void;
}

/** An {@linkcode Observable} of what a function makes, for whoever knows when that has changed. */
export class Observed<T> implements Observable<T> {
  readonly #make: () => T;
  #made: { value: T } | null = null;
  #telling = false;
  readonly #listeners = new Set<() => void>();

  /** @param make is called at most once between two changes */
  constructor(make: () => T) {
    this.#make = make;
  }

  readonly get = (): T => (this.#made ??= { value: this.#make() }).value;

  readonly subscribe = (listener: () => void): () => void => {
    // An object of its own for each subscription: the same function may be given twice.
    const subscription = () => listener();
    this.#listeners.add(subscription);
    return () => this.#listeners.delete(subscription);
  };

  /** The value is made anew when it is next asked for. */
  changed(): void {
    this.#made = null;
    if (this.#telling || this.#listeners.size === 0) return;
    this.#telling = true;
    queueMicrotask(() => this.#tell());
  }

  #tell(): void {
    this.#telling = false;
    for (const listener of [...this.#listeners]) {
      // A listener that throws must not keep others from hearing, nor the client from its work.
      if (this.#listeners.has(listener)) attempt(listener);
    }
  }
}

function attempt(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
