/** Values with change notifications, in the shape that React's `useSyncExternalStore` takes. */

/** A value that changes. Both functions may be passed on without their object. */
export interface Observable<T> {
  /** The value as it is now: the same object until it changes. */
  readonly get: () => T;
  /**
   * Calls a function after changes: once for all changes of one turn.
   * @returns ends the subscription
   */
  readonly subscribe: (listener: () => void) => () => void;
}

/** An {@linkcode Observable} whose value a function computes; its owner calls `changed`. */
export class Observed<T> implements Observable<T> {
  readonly #make: () => T;
  #made: { value: T } | null = null;
  #notifying = false;
  readonly #listeners = new Set<() => void>();

  /** @param make computes the value; called at most once between two changes */
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

  /** The value is computed again when it is next read. */
  changed(): void {
    this.#made = null;
    if (this.#notifying || this.#listeners.size === 0) return;
    this.#notifying = true;
    queueMicrotask(() => this.#notify());
  }

  #notify(): void {
    this.#notifying = false;
    for (const listener of [...this.#listeners]) {
      // A listener that throws must stop neither the other listeners nor the client.
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
