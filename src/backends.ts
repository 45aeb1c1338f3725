/**
 * Opens what an instance depends on, as its config says; the only file that names adapters. Those
 * with a driver are imported where they are used: a driver takes a third of a start.
 */
import { FolderBlobs } from "./adapters/blobs/folder.ts";
import { InProcessBus } from "./adapters/bus/in_process.ts";
import { MongoBus } from "./adapters/bus/mongodb.ts";
import type { RedisBus, RedisLimits } from "./adapters/bus/redis/bus.ts";
import { type Relay, WorkersBus } from "./adapters/bus/workers.ts";
import { mongoLimiters, redisLimiters } from "./adapters/rate_limiters.ts";
import type { Connection } from "./adapters/store/mongodb/connection.ts";
import type { TimeLimits } from "./adapters/store/mongodb/time_limits.ts";
import { StartupFault } from "./adapters/store/sqlite/faults.ts";
import { type SqliteLimits, SqliteStore } from "./adapters/store/sqlite/store.ts";
import { type Config, ConfigError, type S3Settings } from "./config.ts";
import { folderFault } from "./config/file_fault.ts";
import type { BlobStore } from "./ports/blobs.ts";
import type { Bus } from "./ports/bus.ts";
import type { Store } from "./ports/store/store.ts";
import type { LoopLoad } from "./services/loop_load.ts";
import type { SharedLimiters } from "./ports/rate_limits.ts";

/** How the workers of one process reach each other, and what they count together. */
export interface SharedByWorkers extends Relay {
  limiters: SharedLimiters;
}

/** How long an instance waits for what it depends on; what is not set is as documented. */
export interface WaitLimits {
  mongodb?: TimeLimits;
  sqlite?: SqliteLimits;
  redis?: RedisLimits;
  /** For each step of reading or writing the bytes of files, in milliseconds. */
  blobStepMs?: number;
  /** For the shared counts of rate limits, in milliseconds. */
  sharedCountMs?: number;
}

/** The store, the bytes of files, and the bus between instances. */
export interface Backends {
  store: Store;
  blobs: BlobStore;
  bus: Bus;
  /** Whether no other instance shares the bus, so that it carries every change in a call. */
  isAlone: boolean;
  /** Null where each instance counts for itself. */
  sharedLimiters: SharedLimiters | null;
}

/**
 * @param siblings the other workers of this process, if there are any
 * @throws ConfigError with all faults of the settings that cannot be used
 */
export async function openBackends(
  config: Config,
  load: LoopLoad,
  siblings?: SharedByWorkers,
  limits: WaitLimits = {},
): Promise<Backends> {
  // Closes what was opened if something after it cannot be.
  await using opened = new AsyncDisposableStack();
  const [{ mongodb, store }, redis] = await both(
    openStore(config, load, limits).then((each) => {
      opened.defer(() => each.store.close());
      return each;
    }),
    openRedis(config, limits).then((bus) => {
      opened.defer(() => bus?.close());
      return bus;
    }),
  );
  const blobs = await openBlobs(config, mongodb, limits);
  opened.defer(() => blobs.close());
  const bus = redis ?? await openBus(config, mongodb, siblings);
  if (!redis) opened.defer(() => bus.close());
  const sharedLimiters = await chooseLimiters(redis, mongodb) ?? siblings?.limiters ?? null;
  opened.move();
  return { store, blobs, bus, isAlone: isAlone(bus), sharedLimiters };
}

/**
 * Waits for both, so that the faults of both are reported.
 * @throws ConfigError with all faults
 */
async function both<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  const settled = await Promise.allSettled([a, b]);
  const errors = settled.flatMap((each) => each.status === "rejected" ? [each.reason] : []);
  const unexpected = errors.find((error) => !(error instanceof ConfigError));
  if (unexpected) throw unexpected;
  if (errors.length > 0) throw new ConfigError(errors.flatMap(({ faults }) => faults));
  return await Promise.all([a, b]);
}

/**
 * Opens the store; also for commands beside a server.
 * @throws ConfigError if it cannot be used
 */
export async function openStore(
  { mongodbUri, dataDir }: Pick<Config, "mongodbUri" | "dataDir">,
  load?: LoopLoad,
  limits: WaitLimits = {},
): Promise<{ mongodb: Connection | null; store: Store }> {
  if (mongodbUri === null) {
    return { mongodb: null, store: await openSqlite(dataDir, load, limits.sqlite) };
  }
  const mongodb = await connectMongo(mongodbUri, limits);
  return { mongodb, store: await openMongoStore(mongodb) };
}

async function connectMongo(uri: string, limits: WaitLimits): Promise<Connection> {
  const { connect } = await import("./adapters/store/mongodb/connection.ts");
  try {
    return await connect(uri, limits.mongodb);
  } catch (error) {
    throw new ConfigError(`MONGODB_URI cannot be used: ${oneLine(error)}`);
  }
}

async function openMongoStore(connection: Connection): Promise<Store> {
  const { MongoStore } = await import("./adapters/store/mongodb/store.ts");
  try {
    return await MongoStore.open(connection);
  } catch (error) {
    throw new ConfigError(`MONGODB_URI cannot be used: ${oneLine(error)}`);
  }
}

async function openSqlite(
  dataDir: string,
  load?: LoopLoad,
  limits?: SqliteLimits,
): Promise<Store> {
  try {
    await Deno.mkdir(dataDir, { recursive: true, mode: 0o700 });
    return await SqliteStore.open(`${dataDir}/echoroom.db`, {
      ...limits,
      load: () => load?.level ?? 0,
    });
  } catch (error) {
    throw new ConfigError(
      error instanceof StartupFault
        ? `DATA_DIR is ${JSON.stringify(dataDir)}, ${oneLine(error)}`
        : folderFault("DATA_DIR", dataDir, error),
    );
  }
}

/**
 * Opens the store of files' bytes; also for commands beside a server.
 * @throws ConfigError if it cannot be used
 */
export async function openBlobs(
  { s3, filesDir }: Pick<Config, "s3" | "filesDir">,
  mongodb: Connection | null,
  { blobStepMs }: WaitLimits = {},
): Promise<BlobStore> {
  if (s3) return await openS3(s3, blobStepMs);
  if (filesDir === null) return await openGridFs(mongodb!, blobStepMs);
  try {
    return await FolderBlobs.open(filesDir, blobStepMs);
  } catch (error) {
    throw new ConfigError(folderFault("FILES_DIR", filesDir, error));
  }
}

async function openS3(settings: S3Settings, stepMs?: number): Promise<BlobStore> {
  const { S3Blobs } = await import("./adapters/blobs/s3/store.ts");
  try {
    return await S3Blobs.open(settings, stepMs);
  } catch (error) {
    throw new ConfigError(
      `S3_ENDPOINT cannot be used: ${
        oneLine(error)
      }; start the service, or correct its URL, the bucket or the key`,
    );
  }
}

async function openGridFs({ db }: Connection, stepMs?: number): Promise<BlobStore> {
  const { GridFsBlobs } = await import("./adapters/blobs/gridfs.ts");
  try {
    return await GridFsBlobs.open(db, stepMs);
  } catch (error) {
    throw new ConfigError(`MONGODB_URI leads to a server that refuses files: ${oneLine(error)}`);
  }
}

/** @returns null where Redis is not the bus */
async function openRedis(
  { bus, redisUrl }: Config,
  limits: WaitLimits,
): Promise<RedisBus | null> {
  if (redisUrl === null || (bus !== "auto" && bus !== "redis")) return null;
  const { RedisBus } = await import("./adapters/bus/redis/bus.ts");
  const { refusalReason } = await import("./adapters/bus/redis/refusals.ts");
  try {
    return await RedisBus.open(redisUrl, limits.redis);
  } catch (error) {
    throw new ConfigError(`REDIS_URL ${refusalReason(error)}`);
  }
}

function isAlone(bus: Bus): boolean {
  return bus instanceof InProcessBus && !(bus instanceof WorkersBus);
}

async function openBus(
  { bus }: Config,
  mongodb: Connection | null,
  siblings?: SharedByWorkers,
): Promise<Bus> {
  if (bus === "mongodb" && !mongodb!.changeStreams) {
    throw new ConfigError(
      'BUS is "mongodb", and the server at MONGODB_URI is a standalone without change streams; make it a replica set (one member will do), or unset BUS',
    );
  }
  if (mongodb?.changeStreams && bus !== "memory") {
    try {
      return await MongoBus.open(mongodb.db);
    } catch (error) {
      throw new ConfigError(
        `MONGODB_URI leads to a server that refuses a change stream (${
          oneLine(error)
        }); allow this user to read the whole database, or set BUS to memory`,
      );
    }
  }
  return siblings ? new WorkersBus(siblings) : new InProcessBus();
}

async function chooseLimiters(
  redis: RedisBus | null,
  mongodb: Connection | null,
): Promise<SharedLimiters | null> {
  if (redis) return redisLimiters(() => redis.commands, redis.prefix);
  if (!mongodb) return null;
  try {
    return await mongoLimiters(mongodb.db);
  } catch (error) {
    throw new ConfigError(`MONGODB_URI leads to a server that refuses an index: ${oneLine(error)}`);
  }
}

function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]!;
}
