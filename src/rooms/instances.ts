/** The other instances that live now: found by their heartbeats, lost when they fall silent. */
import type { Bus, BusEvent } from "../ports/bus.ts";

const HEARTBEAT_MS = 5_000;
/** Three heartbeats missed. */
const SILENCE_MS = 15_000;
const SWEEP_MS = 1_000;

export interface InstancesOptions {
  bus: Bus;
  /** The heartbeats to send now: several are sent when somebody new has to be told everything. */
  heartbeats(everything: boolean): Extract<BusEvent, { kind: "alive" }>[];
  /** An instance has ended or fallen silent. */
  onLost(instance: string): void;
}

export class Instances {
  readonly #bus: Bus;
  readonly #options: InstancesOptions;
  readonly #lastHeard = new Map<string, number>();
  readonly #timers: ReturnType<typeof setInterval>[];
  #lastSweep = Date.now();

  constructor(options: InstancesOptions) {
    this.#bus = options.bus;
    this.#options = options;
    this.#timers = [
      setInterval(() => this.#announce(false), HEARTBEAT_MS),
      setInterval(() => this.#sweep(Date.now()), SWEEP_MS),
    ];
    this.#announce(true);
  }

  /** Ids of the instances that live, without this one. */
  get living(): MapIterator<string> {
    return this.#lastHeard.keys();
  }

  knows(instance: string): boolean {
    return this.#lastHeard.has(instance);
  }

  get count(): number {
    return this.#lastHeard.size;
  }

  receive(event: BusEvent, from: string): void {
    if (event.kind === "interrupted") {
      // Nobody could be heard; they get time to be heard again, and are told everything.
      this.#forgive();
      return this.#announce(true);
    }
    if (from === this.#bus.instanceId) return;
    if (event.kind === "instance_left") return this.#lose(from);
    if (event.kind !== "alive") return;
    const known = this.#lastHeard.has(from);
    this.#lastHeard.set(from, Date.now());
    if (!known) this.#announce(true);
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#bus.publish({ kind: "instance_left" });
  }

  #announce(everything: boolean): void {
    for (const heartbeat of this.#options.heartbeats(everything)) this.#bus.publish(heartbeat);
  }

  #sweep(now: number): void {
    const suspended = now - this.#lastSweep > 3 * SWEEP_MS;
    this.#lastSweep = now;
    // Then nothing was heard, and who heard nothing of this instance may have given it up.
    if (suspended) this.#announce(true);
    if (suspended || !this.#bus.connected) return this.#forgive();
    for (const [instance, lastHeard] of this.#lastHeard) {
      if (now - lastHeard > SILENCE_MS) this.#lose(instance);
    }
  }

  #forgive(): void {
    for (const instance of this.#lastHeard.keys()) this.#lastHeard.set(instance, Date.now());
  }

  #lose(instance: string): void {
    if (this.#lastHeard.delete(instance)) this.#options.onLost(instance);
  }
}
