/** The bus of several workers in one process: text that the supervisor passes on. */
import { newId } from "../../domain/id.ts";
import type { Bus, BusListener } from "../../ports/bus.ts";
import { type CarriedEvent, format, parse } from "./event_text.ts";
import { Listeners } from "./listeners.ts";

/** The way to the buses of the other workers, which loses nothing while they live. */
export interface Relay {
  send(text: string): void;
  onText(listener: (text: string) => void): void;
}

export class WorkersBus implements Bus {
  readonly description = "memory (this process only)";
  readonly instanceId = newId();
  readonly connected = true;
  readonly #listeners = new Listeners();
  readonly #relay: Relay;

  constructor(relay: Relay) {
    this.#relay = relay;
    relay.onText((text) => {
      const received = parse(text);
      if (received) this.#listeners.tell(received.event, received.from);
    });
  }

  publish(event: CarriedEvent): void {
    this.#listeners.tell(event, this.instanceId);
    this.#relay.send(format(this.instanceId, event));
  }

  subscribe(listener: BusListener): void {
    this.#listeners.add(listener);
  }

  follow(): Promise<void> {
    return Promise.resolve();
  }

  unfollow(): void {}

  ping(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#listeners.clear();
    return Promise.resolve();
  }
}
