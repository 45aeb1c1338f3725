/** The listeners of this instance. */
import type { BusEvent, BusListener } from "../../ports/bus.ts";

export class Listeners {
  readonly #listeners: BusListener[] = [];

  add(listener: BusListener): void {
    this.#listeners.push(listener);
  }

  notify(event: BusEvent, from: string): void {
    for (const listener of this.#listeners) listener(event, from);
  }

  clear(): void {
    this.#listeners.length = 0;
  }
}
