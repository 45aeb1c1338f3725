/** Publish and subscribe on Redis, on a single server or a cluster. */
import { getLogger } from "@logtape/logtape";
import {
  createClient,
  createCluster,
  type RedisClientType,
  type RedisClusterType,
} from "@redis/client";

const logger = getLogger(["echoroom", "redis"]);

const CONNECT_LIMIT_MS = 2_000;
/** A server that has been silent for so long, although it is pinged, is connected to anew. */
const SILENCE_LIMIT_MS = 3_000;
const PING_MS = 1_000;
const MAX_RETRY_MS = 1_000;
const GREET_AGAIN_MS = 250;
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

/**
 * Connects to the server, for as long as it takes.
 * @param onReturn called whenever connections that were lost are there again, subscriptions included
 * @throws Error if the server refuses the credentials
 */
export async function openChannels(
  client: Client,
  url: string,
  onReturn: () => void,
): Promise<Channels> {
  await client.connect();
  const { version, mode } = await greet(client);
  const sharded = Number.parseInt(version) >= SHARDED_SINCE;
  if (mode === "cluster") {
    client.destroy();
    return await openCluster(url, sharded, onReturn);
  }
  const subscriber = client.duplicate();
  subscriber.on("error", report);
  await subscriber.connect();
  for (const each of [client, subscriber]) {
    each.on("ready", () => {
      if (client.isReady && subscriber.isReady) onReturn();
    });
  }
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
async function greet(client: Client): Promise<{ version: string; mode: string }> {
  while (true) {
    try {
      return await client.hello() as unknown as { version: string; mode: string };
    } catch (error) {
      if (!client.isOpen) throw error;
      await new Promise((resolve) => setTimeout(resolve, GREET_AGAIN_MS));
    }
  }
}

/** A client that connects when `openChannels` says so. */
export function newClient(url: string): Client {
  const client = createClient({ url, ...OPTIONS });
  client.on("error", report);
  return client;
}

async function openCluster(url: string, sharded: boolean, onReturn: () => void): Promise<Channels> {
  const cluster = createCluster({
    rootNodes: [{ url }],
    defaults: { ...OPTIONS, ...credentials(url) },
  });
  let ready = true;
  cluster.on("error", report);
  cluster.on("node-error", report);
  cluster.on("node-reconnecting", () => ready = false);
  await cluster.connect();
  cluster.on("node-ready", () => {
    ready = true;
    onReturn();
  });
  return {
    commands: cluster,
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

const OPTIONS = {
  disableOfflineQueue: true,
  commandsQueueMaxLength: MAX_WAITING,
  pingInterval: PING_MS,
  socket: {
    connectTimeout: CONNECT_LIMIT_MS,
    socketTimeout: SILENCE_LIMIT_MS,
    reconnectStrategy: (attempt: number, cause: Error) => {
      if (/^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH)/.test(cause.message)) return cause;
      return Math.min(MAX_RETRY_MS, 50 * 2 ** attempt) * (0.5 + Math.random() / 2);
    },
  },
};

/** Root nodes do not pass on to the other nodes what their URL says. */
function credentials(url: string) {
  const { username, password, protocol } = new URL(url);
  return {
    ...(username ? { username: decodeURIComponent(username) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
    ...(protocol === "rediss:" ? { socket: { ...OPTIONS.socket, tls: true as const } } : {}),
  };
}

function report(error: unknown): void {
  logger.debug("Redis: {error}", { error });
}
