/** The bus of a single instance: a synchronous call to each listener. */
import type { Bus, BusEvent, BusListener } from "../../ports/bus.ts";

export class InProcessBus implements Bus {
  readonly description = "memory (this process only)";
  readonly #listeners: BusListener[] = [];

  publish(event: BusEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  subscribe(listener: BusListener): void {
    this.#listeners.push(listener);
  }

  ping(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#listeners.length = 0;
    return Promise.resolve();
  }
}
