/** The bus of a single instance: a synchronous call to each listener. */
import { newId } from "../../domain/id.ts";
import type { Bus, BusListener } from "../../ports/bus.ts";
import type { CarriedEvent } from "./event_text.ts";
import { Listeners } from "./listeners.ts";

export class InProcessBus implements Bus {
  readonly description = "memory (this process only)";
  readonly instanceId = newId();
  readonly connected = true;
  protected readonly listeners = new Listeners();

  publish(event: CarriedEvent): void {
    this.listeners.notify(event, this.instanceId);
  }

  subscribe(listener: BusListener): void {
    this.listeners.add(listener);
  }

  follow(): Promise<void> {
    return Promise.resolve();
  }

  unfollow(): void {}

  ping(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.listeners.clear();
    return Promise.resolve();
  }
}
