/** Publishes what was appended to rooms' logs, once its acknowledgements have been written. */
import type { Entry } from "../domain/entry.ts";
import type { Bus } from "../ports/bus.ts";

/** What has become of a batch. */
export interface Appended {
  /** New entries, in the order of the log. */
  entries: Entry[];
  /** Whether there may be more of them. */
  isUncertain: boolean;
}

export class Publications {
  readonly #bus: Bus;
  /** Each room's batch under way, until it is published. */
  readonly #underWay = new Map<string, PromiseWithResolvers<void>>();
  /** Publications of this turn, for the turn after the next. */
  #due: (() => void)[] = [];

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** A batch of the room is about to be written. Returns what to call once it has been. */
  begin(roomId: string): (appended: Appended) => void {
    const batch = Promise.withResolvers<void>();
    this.#underWay.set(roomId, batch);
    return (appended) => this.#afterAcks(() => this.#publish(roomId, appended, batch));
  }

  /** Resolves once the room's batch under way is published; null if there is none. */
  published(roomId: string): Promise<void> | null {
    return this.#underWay.get(roomId)?.promise ?? null;
  }

  /** Resolves once all batches under way are published. */
  async drain(): Promise<void> {
    await Promise.all([...this.#underWay.values()].map(({ promise }) => promise));
  }

  /**
   * Two turns later: what the acknowledgements have sent is written between them, and does not wait
   * for a fan-out to thousands.
   */
  #afterAcks(publish: () => void): void {
    if (this.#due.push(publish) > 1) return;
    setImmediate(() => {
      const due = this.#due;
      this.#due = [];
      setImmediate(() => due.forEach((publish) => publish()));
    });
  }

  #publish(
    roomId: string,
    { entries, isUncertain }: Appended,
    batch: PromiseWithResolvers<void>,
  ): void {
    try {
      if (entries.length > 0) this.#bus.publish({ kind: "appended", roomId, entries });
      if (isUncertain) this.#bus.publish({ kind: "append_uncertain", roomId });
    } finally {
      if (this.#underWay.get(roomId) === batch) this.#underWay.delete(roomId);
      batch.resolve();
    }
  }
}
