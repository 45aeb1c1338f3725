/** The bus on Redis: a channel for each room that is open here, and one for all instances. */
import { getLogger } from "@logtape/logtape";
import { ulid } from "ulid";
import { unavailable } from "../../../domain/errors.ts";
import type { Bus, BusListener } from "../../../ports/bus.ts";
import { type CarriedEvent, format, parse, roomOf } from "../event_text.ts";
import { Listeners } from "../listeners.ts";
import { type Channels, type Client, type Cluster, newClient, openChannels } from "./channels.ts";

const logger = getLogger(["echoroom", "redis"]);

/** How long the start, and following a room, wait for the server. */
const START_LIMIT_MS = 3_000;
const FOLLOW_LIMIT_MS = 500;

/**
 * Publishes with Redis' pub/sub, sharded where the server has it. While Redis is away events are
 * lost, and listeners are told `interrupted` when it is back.
 */
export class RedisBus implements Bus {
  readonly instanceId = ulid();
  /** Begins every name: deployments that share a server have databases of their own. */
  readonly prefix: string;
  readonly #listeners = new Listeners();
  readonly #place: string;
  readonly #followed = new Set<string>();
  #channels: Channels | null = null;
  readonly #client: Client;

  private constructor(url: string) {
    const { host, pathname } = new URL(url);
    this.prefix = `echoroom:${pathname.slice(1) || 0}`;
    this.#place = host;
    this.#client = newClient(url);
  }

  /**
   * Connects; where the server does not answer within 3 s, goes on trying afterwards.
   * @throws Error of one line if the server refuses the credentials
   */
  static async open(url: string): Promise<RedisBus> {
    const bus = new RedisBus(url);
    const connected = bus.#connect(url);
    const late = new Promise<"late">((resolve) => setTimeout(resolve, START_LIMIT_MS, "late"));
    if (await Promise.race([connected, late]) === "late") {
      logger.warning("Redis at {place} does not answer; trying on, and without it until then", {
        place: bus.#place,
      });
      connected.catch((error) => logger.error("Redis cannot be used: {error}", { error }));
    }
    return bus;
  }

  get description(): string {
    return `${this.#channels?.description ?? "Redis, not reachable yet"} (${this.#place})`;
  }

  get connected(): boolean {
    return this.#channels?.isReady() ?? false;
  }

  /** For rate limits; commands fail at once while the server is away. */
  get commands(): Client | Cluster {
    return this.#channels?.commands ?? this.#client;
  }

  publish(event: CarriedEvent): void {
    this.#listeners.tell(event, this.instanceId);
    this.#channels?.publish(this.#channelOf(roomOf(event)), format(this.instanceId, event))
      .catch((error) => logger.debug("An event could not be published: {error}", { error }));
  }

  subscribe(listener: BusListener): void {
    this.#listeners.add(listener);
  }

  async follow(roomId: string): Promise<void> {
    this.#followed.add(roomId);
    if (!this.#channels) return;
    const subscribed = this.#subscribe(this.#channelOf(roomId)).then(() => "in time");
    let timer;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(resolve, FOLLOW_LIMIT_MS, "late");
    });
    const outcome = await Promise.race([subscribed, late]);
    clearTimeout(timer);
    if (outcome === "late") void subscribed.then(() => this.#interrupted());
  }

  unfollow(roomId: string): void {
    this.#followed.delete(roomId);
    this.#channels?.unsubscribe(this.#channelOf(roomId)).catch(() => {});
  }

  async ping(): Promise<void> {
    if (!this.connected) throw unavailable("Redis cannot be reached.");
    await this.commands.ping();
  }

  close(): Promise<void> {
    this.#listeners.clear();
    if (this.#channels) this.#channels.close();
    else this.#client.destroy();
    return Promise.resolve();
  }

  async #connect(url: string): Promise<void> {
    const channels = await openChannels(this.#client, url, () => this.#interrupted());
    this.#channels = channels;
    await this.#subscribe(this.#channelOf(null));
    await Promise.all(
      [...this.#followed].map((roomId) => this.#subscribe(this.#channelOf(roomId))),
    );
    this.#interrupted();
  }

  async #subscribe(channel: string): Promise<void> {
    try {
      await this.#channels!.subscribe(channel, (text) => this.#receive(text));
    } catch (error) {
      // The server is away; the client subscribes to all it was asked for when it is back.
      logger.debug("Not subscribed to {channel} yet: {error}", { channel, error });
    }
  }

  #receive(text: string): void {
    const received = parse(text);
    if (!received || received.from === this.instanceId) return;
    this.#listeners.tell(received.event, received.from);
  }

  #interrupted(): void {
    this.#listeners.tell({ kind: "interrupted" }, this.instanceId);
  }

  #channelOf(roomId: string | null): string {
    return roomId === null ? `${this.prefix}:instances` : `${this.prefix}:room:${roomId}`;
  }
}
