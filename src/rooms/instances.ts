/** The instances that are alive: others are found by their heartbeats, and lost when these stop. */
import type { InstanceStatus, LiveInstance } from "../domain/instance.ts";
import type { Bus, BusEvent } from "../ports/bus.ts";
import type { OwnStatus } from "../services/own_status.ts";

const HEARTBEAT_MS = 5_000;
/** Three heartbeats missed. */
const SILENCE_MS = 15_000;
const SWEEP_MS = 1_000;

export interface InstancesOptions {
  bus: Bus;
  /** Goes with the heartbeats; null for tests that have none. */
  ownStatus: Pick<OwnStatus, "read"> | null;
  /** The heartbeats to send now; `everything` for an instance that is new. */
  heartbeats(everything: boolean): Extract<BusEvent, { kind: "alive" }>[];
  /** An instance has ended, or its heartbeats have stopped. */
  onLost(instance: string): void;
}

/** Another instance. */
interface Other {
  /** Its time is counted from here: its last heartbeat, or the end of an interruption. */
  silentSince: number;
  heardAt: Date;
  status: InstanceStatus | null;
}

export class Instances {
  readonly #bus: Bus;
  readonly #options: InstancesOptions;
  readonly #others = new Map<string, Other>();
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
    return this.#others.keys();
  }

  /** Whether another instance is alive. */
  has(instance: string): boolean {
    return this.#others.has(instance);
  }

  /** How many others are alive. */
  get count(): number {
    return this.#others.size;
  }

  /** All that are alive, this one first. */
  list(): LiveInstance[] {
    const id = this.#bus.instanceId;
    const status = this.#options.ownStatus?.read() ?? null;
    const others = [...this.#others].map(([id, { heardAt, status }]) => {
      return { id, isThis: false, heardAt, status };
    });
    return [{ id, isThis: true, heardAt: new Date(), status }, ...others];
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
    const known = this.#others.get(from);
    const [now, status] = [Date.now(), event.status ?? known?.status ?? null];
    this.#others.set(from, { silentSince: now, heardAt: new Date(now), status });
    if (!known) this.#announce(true);
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#bus.publish({ kind: "instance_left" });
  }

  #announce(everything: boolean): void {
    const [first, ...more] = this.#options.heartbeats(everything);
    const status = this.#options.ownStatus?.read();
    if (first) this.#bus.publish({ ...first, ...(status && { status }) });
    for (const heartbeat of more) this.#bus.publish(heartbeat);
  }

  #sweep(now: number): void {
    const suspended = now - this.#lastSweep > 3 * SWEEP_MS;
    this.#lastSweep = now;
    // No heartbeat was received meanwhile, or sent: others may have given this instance up.
    if (suspended) this.#announce(true);
    if (suspended || !this.#bus.connected) return this.#extend();
    for (const [instance, { silentSince }] of this.#others) {
      if (now - silentSince > SILENCE_MS) this.#lose(instance);
    }
  }

  #extend(): void {
    for (const other of this.#others.values()) other.silentSince = Date.now();
  }

  #lose(instance: string): void {
    if (this.#others.delete(instance)) this.#options.onLost(instance);
  }
}
