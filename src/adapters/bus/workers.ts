/** The bus of several workers in one process: text that the supervisor passes on. */
import { type CarriedEvent, format, parse } from "./event_text.ts";
import { InProcessBus } from "./in_process.ts";

/** The way to the buses of the other workers, which loses nothing while they live. */
export interface Relay {
  send(text: string): void;
  onText(listener: (text: string) => void): void;
}

export class WorkersBus extends InProcessBus {
  readonly #relay: Relay;

  constructor(relay: Relay) {
    super();
    this.#relay = relay;
    relay.onText((text) => {
      const received = parse(text);
      if (received) this.listeners.notify(received.event, received.from);
    });
  }

  override publish(event: CarriedEvent): void {
    super.publish(event);
    this.#relay.send(format(this.instanceId, event));
  }
}
