/** The listeners of this instance. */
import { getLogger } from "@logtape/logtape";
import type { BusEvent, BusListener } from "../../ports/bus.ts";

const logger = getLogger(["echoroom", "bus"]);

export class Listeners {
  readonly #listeners: BusListener[] = [];

  add(listener: BusListener): void {
    this.#listeners.push(listener);
  }

  /** Never throws: who publishes has done its work, and the other listeners wait for the event. */
  notify(event: BusEvent, from: string): void {
    for (const listener of this.#listeners) {
      try {
        listener(event, from);
      } catch (error) {
        logger.error("An event was not received: {kind}: {error}", { kind: event.kind, error });
      }
    }
  }

  clear(): void {
    this.#listeners.length = 0;
  }
}
