/** Publish and subscribe on Redis, on a single server or a cluster. */
import { setTimeout as sleep } from "node:timers/promises";
import { getLogger } from "@logtape/logtape";
import {
  createClient,
  createCluster,
  type RedisClientType,
  type RedisClusterType,
} from "@redis/client";

import { isRefusal, refusalReason } from "./refusals.ts";

const logger = getLogger(["echoroom", "redis"]);

const CONNECT_LIMIT_MS = 2_000;
/** The client reconnects when the server has answered no ping, sent three times as often, for this long. */
export const SILENCE_LIMIT_MS = 3_000;
const MAX_RETRY_MS = 1_000;
const ASK_AGAIN_MS = 250;
const CLUSTER_CHECK_MS = 1_000;
/** Commands that may wait for answers; over it publishing fails. */
const MAX_WAITING = 20_000;
/** Redis 7 has sharded channels; in a cluster only they stay on one node. */
const SHARDED_SINCE = 7;

export type Client = RedisClientType;
export type Cluster = RedisClusterType;

export interface Channels {
  /** For commands of other kinds. */
  readonly commands: Client | Cluster;
  readonly description: string;
  isReady(): boolean;
  publish(channel: string, text: string): Promise<unknown>;
  subscribe(channel: string, listener: (text: string) => void): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  close(): void;
}

export interface ChannelOptions {
  url: string;
  /** Whether a server that refuses is given up, which it is at the start only. */
  givesUp(): boolean;
  /** Called whenever connections that were lost are there again, with their subscriptions or without. */
  onReturn(subscriptions: "kept" | "lost"): void;
  /** Ends attempts to connect. */
  signal: AbortSignal;
  /** In milliseconds, as `newClient` was given it. */
  silenceLimitMs: number;
}

/**
 * Connects to the server, without a time limit.
 * @throws Error if the server refuses and is given up, see `refusalReason`, or attempts were ended
 */
export async function openChannels(client: Client, options: ChannelOptions): Promise<Channels> {
  const { givesUp, onReturn } = options;
  await client.connect();
  const { version, mode } = await ask(
    client,
    givesUp,
    () => client.hello() as Promise<unknown>,
  ) as {
    version: string;
    mode: string;
  };
  const sharded = Number.parseInt(version) >= SHARDED_SINCE;
  if (mode === "cluster") {
    // What it may not ask, the cluster's client would go on asking without a word.
    await ask(client, givesUp, () => client.clusterSlots());
    client.destroy();
    return await openCluster(options, sharded);
  }
  const subscriber = client.duplicate();
  subscriber.on("error", report);
  await subscriber.connect();
  for (const each of [client, subscriber]) {
    each.on("ready", () => {
      if (client.isReady && subscriber.isReady) onReturn("kept");
    });
  }
  reconnectWhenSilent(client, options).catch(report);
  return {
    commands: client,
    description: `Redis ${version}`,
    isReady: () => client.isReady && subscriber.isReady,
    publish: (channel, text) =>
      sharded ? client.sPublish(channel, text) : client.publish(channel, text),
    subscribe: (channel, listener) =>
      sharded ? subscriber.sSubscribe(channel, listener) : subscriber.subscribe(channel, listener),
    unsubscribe: (channel) =>
      sharded ? subscriber.sUnsubscribe(channel) : subscriber.unsubscribe(channel),
    close() {
      client.destroy();
      subscriber.destroy();
    },
  };
}

/** Asks until it is answered: the connection may break before, and the client makes a new one. */
async function ask<T>(
  client: Client,
  givesUp: () => boolean,
  question: () => Promise<T>,
): Promise<T> {
  while (true) {
    try {
      return await question();
    } catch (error) {
      if (!client.isOpen || (isRefusal(error) && givesUp())) throw error;
      await sleep(ASK_AGAIN_MS);
    }
  }
}

/** A client that connects when `openChannels` says so. */
export function newClient(
  url: string,
  givesUp: () => boolean = () => true,
  silenceLimitMs = SILENCE_LIMIT_MS,
): Client {
  const client = createClient({ url, ...clientOptions(givesUp, silenceLimitMs) });
  client.on("error", report);
  return client;
}

/** Does what the client's own timeout does not: each command that is sent begins that anew. */
async function reconnectWhenSilent(
  client: Client,
  { signal, silenceLimitMs }: ChannelOptions,
): Promise<void> {
  let heardAt = performance.now();
  for (const event of ["ready", "ping-interval"]) {
    client.on(event, () => heardAt = performance.now());
  }
  while (true) {
    await sleep(silenceLimitMs / 3, undefined, { signal, ref: false });
    if (!client.isReady || performance.now() - heardAt < silenceLimitMs) continue;
    client.destroy();
    client.connect().catch(report);
  }
}

async function openCluster(options: ChannelOptions, sharded: boolean): Promise<Channels> {
  let ready = true;
  const connect = async () => {
    const connected = await connectCluster(options);
    connected.on("node-reconnecting", () => ready = false);
    connected.on("node-ready", () => {
      ready = true;
      options.onReturn("kept");
    });
    return connected;
  };
  let cluster = await connect();
  /** Replaces a client that was told of no slots: it has no node left to hear of others from. */
  const watch = async () => {
    while (true) {
      await sleep(CLUSTER_CHECK_MS, undefined, { signal: options.signal, ref: false });
      if (isWhole(cluster)) continue;
      logger.warning(
        "Slots of the Redis cluster are on no node; trying on, and without it until then",
      );
      ready = false;
      cluster.destroy();
      cluster = await connect();
      ready = true;
      options.onReturn("lost");
    }
  };
  watch().catch(report);
  return {
    get commands() {
      return cluster;
    },
    description: "Redis cluster",
    isReady: () => ready && cluster.isOpen,
    publish: (channel, text) =>
      sharded ? cluster.sPublish(channel, text) : cluster.publish(channel, text),
    subscribe: (channel, listener) =>
      sharded ? cluster.sSubscribe(channel, listener) : cluster.subscribe(channel, listener),
    unsubscribe: (channel) =>
      sharded ? cluster.sUnsubscribe(channel) : cluster.unsubscribe(channel),
    close: () => cluster.destroy(),
  };
}

/**
 * Tries until all of it can be reached: its client gives up at the first node that cannot, and takes a
 * cluster whose slots are not assigned yet for one that is there (redis/node-redis#2187).
 */
async function connectCluster({ url, givesUp, signal }: ChannelOptions): Promise<Cluster> {
  const options = clientOptions(givesUp, SILENCE_LIMIT_MS);
  while (true) {
    const cluster = createCluster({
      rootNodes: [{ url }],
      defaults: { ...options, ...credentials(url, options) },
    });
    cluster.on("error", report);
    cluster.on("node-error", report);
    try {
      await cluster.connect();
      if (isWhole(cluster) && !signal.aborted) return cluster;
    } catch (error) {
      report(error);
    }
    cluster.destroy();
    await sleep(ASK_AGAIN_MS, undefined, { signal });
  }
}

/** Whether each slot is on a node. */
function isWhole(cluster: Cluster): boolean {
  return !(cluster.slots as unknown[]).includes(undefined);
}

function clientOptions(givesUp: () => boolean, silenceLimitMs: number) {
  return {
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAX_WAITING,
    pingInterval: silenceLimitMs / 3,
    socket: {
      connectTimeout: CONNECT_LIMIT_MS,
      socketTimeout: silenceLimitMs,
      reconnectStrategy: (attempt: number, cause: Error) => {
        if (isRefusal(cause)) {
          if (givesUp()) return cause;
          // Whoever changes the server back finds everything connected again.
          if (attempt === 0) {
            logger.error("REDIS_URL {reason}; trying on", { reason: refusalReason(cause) });
          }
        }
        return Math.min(MAX_RETRY_MS, 50 * 2 ** attempt) * (0.5 + Math.random() / 2);
      },
    },
  };
}

/** Root nodes do not pass on to the other nodes what their URL says. */
function credentials(url: string, { socket }: ReturnType<typeof clientOptions>) {
  const { username, password, protocol } = new URL(url);
  return {
    ...(username ? { username: decodeURIComponent(username) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
    ...(protocol === "rediss:" ? { socket: { ...socket, tls: true as const } } : {}),
  };
}

function report(error: unknown): void {
  logger.debug("Redis: {error}", { error });
}
