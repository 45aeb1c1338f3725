/** Values with change notifications, in the shape that React's `useSyncExternalStore` takes. */
import { Listeners } from "./listeners.ts";

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
  /** Are computed from this one, and change with it. */
  readonly derived: Set<Observed<unknown>> = new Set();

  readonly #make: () => T;
  readonly #onUse: ((isUsed: boolean) => void) | undefined;
  #made: { value: T } | null = null;
  #notifying = false;
  readonly #listeners = new Listeners();

  /**
   * @param make computes the value; called at most once between two changes
   * @param onUse is called when the first listener subscribes, and when the last one has gone
   */
  constructor(make: () => T, onUse?: (isUsed: boolean) => void) {
    this.#make = make;
    this.#onUse = onUse;
  }

  get isUsed(): boolean {
    return this.#listeners.size > 0;
  }

  readonly get = (): T => (this.#made ??= { value: this.#make() }).value;

  readonly subscribe = (listener: () => void): () => void => {
    const remove = this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#onUse?.(true);
    return () => {
      if (remove() && !this.isUsed) this.#onUse?.(false);
    };
  };

  /** Sets a value that is not computed. */
  set(value: T): void {
    this.changed();
    this.#made = { value };
  }

  /** The value is computed again when it is next read. */
  changed(): void {
    this.#made = null;
    for (const derived of this.derived) derived.changed();
    if (this.#notifying || !this.isUsed) return;
    this.#notifying = true;
    queueMicrotask(() => {
      this.#notifying = false;
      this.#listeners.call();
    });
  }
}
