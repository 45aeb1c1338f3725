/** The other instances that are alive: found by their heartbeats, lost when these stop. */
import type { Bus, BusEvent } from "../ports/bus.ts";

const HEARTBEAT_MS = 5_000;
/** Three heartbeats missed. */
const SILENCE_MS = 15_000;
const SWEEP_MS = 1_000;

export interface InstancesOptions {
  bus: Bus;
  /** The heartbeats to send now; `everything` for an instance that is new. */
  heartbeats(everything: boolean): Extract<BusEvent, { kind: "alive" }>[];
  /** An instance has ended, or its heartbeats have stopped. */
  onLost(instance: string): void;
}

export class Instances {
  readonly #bus: Bus;
  readonly #options: InstancesOptions;
  readonly #lastHeartbeat = new Map<string, number>();
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

  /** Ids of the other instances that are alive. */
  get alive(): MapIterator<string> {
    return this.#lastHeartbeat.keys();
  }

  has(instance: string): boolean {
    return this.#lastHeartbeat.has(instance);
  }

  get count(): number {
    return this.#lastHeartbeat.size;
  }

  receive(event: BusEvent, from: string): void {
    if (event.kind === "interrupted") {
      // No heartbeat could arrive: all get their time again, and are sent everything.
      this.#extend();
      return this.#announce(true);
    }
    if (from === this.#bus.instanceId) return;
    if (event.kind === "instance_left") return this.#lose(from);
    if (event.kind !== "alive") return;
    const known = this.#lastHeartbeat.has(from);
    this.#lastHeartbeat.set(from, Date.now());
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
    // No heartbeat was received meanwhile, or sent: others may have given this instance up.
    if (suspended) this.#announce(true);
    if (suspended || !this.#bus.connected) return this.#extend();
    for (const [instance, lastHeartbeat] of this.#lastHeartbeat) {
      if (now - lastHeartbeat > SILENCE_MS) this.#lose(instance);
    }
  }

  #extend(): void {
    for (const instance of this.#lastHeartbeat.keys()) {
      this.#lastHeartbeat.set(instance, Date.now());
    }
  }

  #lose(instance: string): void {
    if (this.#lastHeartbeat.delete(instance)) this.#options.onLost(instance);
  }
}
