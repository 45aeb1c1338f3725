/** What this instance says of itself, to admins and with its heartbeats. */
import type { InstanceStatus } from "../domain/instance.ts";
import type { Metrics } from "./metrics.ts";

export class OwnStatus {
  readonly #metrics: Pick<Metrics, "watched">;
  readonly #version: string;
  readonly #startedAt = Date.now();

  /** @param version of this release */
  constructor(metrics: Pick<Metrics, "watched">, version: string) {
    this.#metrics = metrics;
    this.#version = version;
  }

  /** This instance as it is now. */
  read(): InstanceStatus {
    return {
      version: this.#version,
      startedAt: this.#startedAt,
      sockets: this.#metrics.watched("connections"),
      rooms: this.#metrics.watched("rooms_open"),
      memoryBytes: Deno.memoryUsage().rss,
    };
  }
}
