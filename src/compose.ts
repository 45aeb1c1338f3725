/** Puts the server together from its config; the only file that names adapters. */
import { InProcessBus } from "./adapters/bus/in_process.ts";
import { MongoStore } from "./adapters/store/mongodb/store.ts";
import { SqliteStore } from "./adapters/store/sqlite/store.ts";
import { Metrics } from "./application/metrics.ts";
import { Passwords } from "./application/passwords.ts";
import { RateLimits } from "./application/rate_limits.ts";
import { RoomDirectory } from "./application/room_directory.ts";
import { RoomLog } from "./application/room_log.ts";
import type { Services } from "./application/services.ts";
import { Tokens } from "./application/tokens.ts";
import { type Config, ConfigError } from "./config.ts";
import { createApp } from "./http/app.ts";
import type { Bus } from "./ports/bus.ts";
import type { Store } from "./ports/store.ts";
import { Gateway } from "./realtime/gateway.ts";

/** A server that is ready to be given requests. */
export interface Server {
  fetch(request: Request, info: { remoteAddr?: Deno.NetAddr }): Response | Promise<Response>;
  /** What the start line says of store, bus and limits. */
  readonly description: string;
  /**
   * Turns `/ready` to 503, lets no socket in and closes those there are with 1012. The listener has
   * to stay until this resolves: its own end would close them with another code.
   */
  drain(): Promise<void>;
  /** Finishes what was accepted, then lets go of store and bus. */
  close(): Promise<void>;
}

/** @throws ConfigError if the store cannot be opened with these settings */
export async function compose(config: Config): Promise<Server> {
  const bus = chooseBus(config);
  const store = await openStore(config);
  const metrics = new Metrics();
  const passwords = new Passwords(config.bcryptCost);
  const services: Services = {
    store,
    bus,
    log: new RoomLog(store, bus, metrics),
    directory: new RoomDirectory(store),
    tokens: await Tokens.create(config),
    passwords,
    rateLimits: new RateLimits(config.rateLimit),
    metrics,
  };
  metrics.watchQueue("password", () => passwords.waiting);
  const gateway = new Gateway(services);
  let draining = false;
  const app = createApp(services, gateway, { ...config, isDraining: () => draining });
  const limits = config.rateLimit ? "" : "; rate limits OFF";
  return {
    fetch: app.fetch,
    description: `store: ${store.description}; bus: ${bus.description}${limits}`,
    async drain() {
      draining = true;
      await gateway.drain();
    },
    async close() {
      await services.log.drain();
      gateway.close();
      metrics.close();
      await bus.close();
      await store.close();
    },
  };
}

async function openStore({ mongodbUri, dataDir }: Config): Promise<Store> {
  if (mongodbUri !== null) {
    try {
      return await MongoStore.open(mongodbUri);
    } catch (error) {
      throw new ConfigError(`MONGODB_URI cannot be used: ${oneLine(error)}`);
    }
  }
  try {
    await Deno.mkdir(dataDir, { recursive: true, mode: 0o700 });
    return await SqliteStore.open(`${dataDir}/echoroom.db`);
  } catch (error) {
    throw new ConfigError(
      `DATA_DIR is "${dataDir}", where the database cannot be opened (${
        oneLine(error)
      }); set it to a folder that can be written`,
    );
  }
}

function chooseBus({ bus, redisUrl }: Config): Bus {
  if (bus === "mongodb" || bus === "redis") {
    throw new ConfigError(
      `BUS is "${bus}", which this version does not have yet; set it to memory, or unset it`,
    );
  }
  if (redisUrl !== null) {
    throw new ConfigError("REDIS_URL is set, and this version does not use Redis yet; unset it");
  }
  return new InProcessBus();
}

function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]!;
}
