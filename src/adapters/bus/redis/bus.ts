/** The bus on Redis: a channel for each room and user with a socket here, and one for all instances. */
import { getLogger } from "@logtape/logtape";
import { within } from "../../../async/deadline.ts";
import { settleStep } from "../../../async/step.ts";
import { newId } from "../../../domain/id.ts";
import { unavailable } from "../../../domain/errors.ts";
import type { Bus, BusListener } from "../../../ports/bus.ts";
import { type CarriedEvent, format, parse, subjectOf } from "../event_text.ts";
import { Listeners } from "../listeners.ts";
import {
  type Channels,
  type Client,
  type Cluster,
  newClient,
  openChannels,
  SILENCE_LIMIT_MS,
} from "./channels.ts";
import { isRefusal } from "./refusals.ts";
import { Subscriptions } from "./subscriptions.ts";

const logger = getLogger(["echoroom", "redis"]);

/** Limits in milliseconds. */
export interface RedisLimits {
  /** How long the start waits for the server; by default 3 s. */
  start?: number;
  /** How long following a room does; by default 0.5 s. */
  follow?: number;
  /** After which silence of a single server counts as an outage; by default 3 s. */
  silence?: number;
}

const START_LIMIT_MS = 3_000;
const FOLLOW_LIMIT_MS = 500;
/** How long the end waits for what was published just before. */
const CLOSE_LIMIT_MS = 500;

/**
 * Publishes with Redis' pub/sub, sharded where the server has it. While Redis cannot be reached events are
 * lost, and listeners are notified with `interrupted` when it is back.
 */
export class RedisBus implements Bus {
  readonly instanceId = newId();
  /** Begins every name: deployments that share a server have databases of their own. */
  readonly prefix: string;
  readonly #listeners = new Listeners();
  readonly #subscriptions = new Subscriptions((text) => this.#receive(text));
  readonly #publishing = new Set<Promise<void>>();
  readonly #place: string;
  readonly #client: Client;
  readonly #followLimitMs: number;
  readonly #silenceLimitMs: number;
  readonly #givesUp = () => this.#starting;
  readonly #closing = new AbortController();
  #channels: Channels | null = null;
  #starting = true;

  private constructor(
    url: string,
    { follow = FOLLOW_LIMIT_MS, silence = SILENCE_LIMIT_MS }: RedisLimits,
  ) {
    const { host, pathname } = new URL(url);
    this.prefix = `echoroom:${pathname.slice(1) || 0}`;
    this.#place = host;
    this.#followLimitMs = follow;
    this.#silenceLimitMs = silence;
    this.#client = newClient(url, this.#givesUp, silence);
  }

  /**
   * Connects; where the server does not answer in time, goes on trying afterwards.
   * @throws Error if the server answers and refuses; see `refusalReason`
   */
  static async open(url: string, limits: RedisLimits = {}): Promise<RedisBus> {
    const bus = new RedisBus(url, limits);
    const connected = bus.#connect(url);
    try {
      if (await isInTime(connected, limits.start ?? START_LIMIT_MS)) return bus;
    } catch (error) {
      await bus.close();
      throw error;
    } finally {
      bus.#starting = false;
    }
    logger.warning("Redis at {place} does not answer; trying on, and without it until then", {
      place: bus.#place,
    });
    connected.catch((error) => {
      if (!bus.#closed) logger.error("Redis cannot be used: {error}", { error });
    });
    return bus;
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  get description(): string {
    return `${this.#channels?.description ?? "Redis, not reachable yet"} (${this.#place})`;
  }

  get connected(): boolean {
    return this.#channels?.isReady() ?? false;
  }

  /**
   * For rate limits; commands fail at once while the server is away. It is another one once the
   * server was found to be a cluster.
   */
  get commands(): Client | Cluster {
    return this.#channels?.commands ?? this.#client;
  }

  publish(event: CarriedEvent): void {
    this.#listeners.notify(event, this.instanceId);
    if (!this.#channels) return;
    const text = format(this.instanceId, event);
    const published = this.#channels.publish(this.#channelOf(subjectOf(event)), text)
      .catch((error) => logger.debug("An event could not be published: {error}", { error }))
      .then(() => void this.#publishing.delete(published));
    this.#publishing.add(published);
  }

  subscribe(listener: BusListener): void {
    this.#listeners.add(listener);
  }

  async follow(id: string): Promise<void> {
    if (this.#closed) return;
    const channel = this.#channelOf(id);
    const subscribed = this.#subscriptions.subscribe(channel);
    if (await isInTime(subscribed, this.#followLimitMs)) return;
    void subscribed.then(() => this.#subscriptions.isSubscribed(channel) && this.#interrupted());
  }

  unfollow(id: string): void {
    if (this.#closed) return;
    this.#subscriptions.unsubscribe(this.#channelOf(id));
  }

  async ping(): Promise<void> {
    const fail = (cause?: unknown): never => {
      throw unavailable("Redis cannot be reached.", cause);
    };
    if (!this.connected) fail();
    await settleStep(Promise.resolve(this.commands.ping()), fail, this.#silenceLimitMs);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closing.abort();
    this.#listeners.clear();
    await isInTime(Promise.all(this.#publishing), CLOSE_LIMIT_MS);
    if (this.#channels) this.#channels.close();
    else this.#client.destroy();
  }

  async #connect(url: string): Promise<void> {
    const channels = await openChannels(this.#client, {
      url,
      givesUp: this.#givesUp,
      onReturn: (subscriptions) => void this.#resubscribe(subscriptions),
      signal: this.#closing.signal,
      silenceLimitMs: this.#silenceLimitMs,
    });
    this.#channels = channels;
    if (this.#closed) return channels.close();
    if (this.#starting) await this.#rehearse(channels);
    void this.#subscriptions.subscribe(this.#channelOf(null));
    await this.#resubscribe("lost");
  }

  /**
   * Does once what will be done all the time, so that a user without the permissions is refused now.
   * @throws Error if the server refuses
   */
  async #rehearse({ commands, publish, subscribe, unsubscribe }: Channels): Promise<void> {
    const name = `${this.prefix}:start`;
    try {
      await subscribe(name, () => {});
      await unsubscribe(name);
      await publish(name, "");
      await commands.eval("return redis.call('pttl', KEYS[1])", { keys: [name], arguments: [] });
    } catch (error) {
      if (isRefusal(error)) throw error;
      logger.debug("Redis was lost at the start: {error}", { error });
    }
  }

  /** After an outage: subscribes again, and only then has listeners read what they missed. */
  async #resubscribe(subscriptions: "kept" | "lost"): Promise<void> {
    if (subscriptions === "lost") this.#subscriptions.forget();
    await this.#subscriptions.resubscribe(this.#channels!);
    this.#interrupted();
  }

  #receive(text: string): void {
    const received = parse(text);
    if (!received || received.from === this.instanceId) return;
    this.#listeners.notify(received.event, received.from);
  }

  #interrupted(): void {
    this.#listeners.notify({ kind: "interrupted" }, this.instanceId);
  }

  /** @param id of a room or a user; null for all instances */
  #channelOf(id: string | null): string {
    return id === null ? `${this.prefix}:instances` : `${this.prefix}:room:${id}`;
  }
}

/** Whether `work` is done within so many milliseconds; rejects if it does until then. */
function isInTime(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  return within(work.then(() => true), milliseconds, () => false);
}
