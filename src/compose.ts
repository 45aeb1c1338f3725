/**
 * Puts the server together from its config; the only file that names adapters. Those with a driver
 * are imported where they are used: a driver takes a third of a start.
 */
import { FolderBlobs } from "./adapters/blobs/folder.ts";
import { InProcessBus } from "./adapters/bus/in_process.ts";
import { MongoBus } from "./adapters/bus/mongodb.ts";
import type { RedisBus } from "./adapters/bus/redis/bus.ts";
import { type Relay, WorkersBus } from "./adapters/bus/workers.ts";
import { mongoLimiters, redisLimiters } from "./adapters/rate_limiters.ts";
import type { Connection } from "./adapters/store/mongodb/connection.ts";
import { StartupFault } from "./adapters/store/sqlite/faults.ts";
import { SqliteStore } from "./adapters/store/sqlite/store.ts";
import { Accounts } from "./accounts/accounts.ts";
import { appointAdmins } from "./application/accounts/appoint_admins.ts";
import { collectFiles } from "./application/files/collect_files.ts";
import { sweepUploads } from "./application/files/sweep_uploads.ts";
import { resumeDeletions } from "./application/moderation/resume_deletions.ts";
import { AccountLog } from "./services/account_log.ts";
import { Access } from "./services/access.ts";
import { Admins } from "./services/admins.ts";
import { Images } from "./services/files/images.ts";
import { MAX_UPLOADS, UploadSlots } from "./services/files/upload_slots.ts";
import { KnownDevices } from "./services/known_devices.ts";
import { LoopLoad } from "./services/loop_load.ts";
import { Members } from "./services/members.ts";
import { Mentions } from "./services/mentions.ts";
import { Metrics, type MetricsSnapshot } from "./services/metrics.ts";
import { NewestPages } from "./services/newest_pages.ts";
import { OwnStatus } from "./services/own_status.ts";
import { Passwords } from "./services/passwords.ts";
import { PublicUsers } from "./services/public_users.ts";
import { RateLimits, type SharedLimiters } from "./services/rate_limits.ts";
import { RequestHashes } from "./services/request_hashes.ts";
import { RoomCache } from "./services/room_cache.ts";
import { RoomLog } from "./services/room_log.ts";
import { RoomSlugs } from "./services/room_slugs.ts";
import { SearchIndexer } from "./services/search_indexer.ts";
import type { Services } from "./services/services.ts";
import { Standings } from "./services/standings.ts";
import { Tokens } from "./services/tokens.ts";
import { type Config, ConfigError, type S3Settings } from "./config.ts";
import { folderFault } from "./config/file_fault.ts";
import { createApp } from "./http/app.ts";
import { RepeatingJob } from "./jobs/repeating_job.ts";
import type { BlobStore } from "./ports/blobs.ts";
import type { Bus } from "./ports/bus.ts";
import type { Store } from "./ports/store/store.ts";
import { Rooms } from "./rooms/rooms.ts";
import { Gateway } from "./sockets/gateway.ts";
import { VERSION } from "./version.ts";

/** A server that is ready to serve requests. */
export interface Server {
  fetch(request: Request, info: { remoteAddr?: Deno.NetAddr }): Response | Promise<Response>;
  /** What the start line says of store, bus and limits. */
  readonly description: string;
  /**
   * Answers `/ready` with 503, accepts no more sockets and closes all with 1012. The listener must
   * stay open until this resolves: closing it closes sockets with another code.
   */
  drain(): Promise<void>;
  /** Completes what was accepted, then closes bus and store. The listener must be closed before. */
  close(): Promise<void>;
}

/** What a worker of several in one process shares with the others. */
export interface Siblings extends Relay {
  limiters: SharedLimiters;
  /** Sets how this worker's metrics are taken when any worker is asked for those of all. */
  onMetricsWanted(take: () => Promise<MetricsSnapshot>): void;
  /** The metrics of all workers, this one included. */
  collectMetrics(): Promise<MetricsSnapshot[]>;
}

/** When the store is repaired. */
const REPAIRS = { startMs: 10_000, intervalMs: 60_000 };
/** When deletions that bans ask for are completed: they are to follow within 10 s. */
const DELETIONS = { startMs: 2_000, intervalMs: 2_000 };

/** When all rooms are looked through for messages that are not indexed. */
const INDEXING = { startMs: 10_000, intervalMs: 60_000 };

/** When files that nobody gets any more are looked for. */
const COLLECTIONS = { startMs: 20_000, intervalMs: 60_000 };

/**
 * @param siblings the other workers of this process, if there are any
 * @throws ConfigError if a setting cannot be used
 */
export async function compose(config: Config, siblings?: Siblings): Promise<Server> {
  using opened = new DisposableStack();
  const load = opened.use(new LoopLoad());
  const { store, blobs, bus, sharedLimiters } = await openBackends(config, load, siblings);
  const metrics = new Metrics(siblings?.collectMetrics);
  siblings?.onMetricsWanted(() => metrics.snapshot());
  const images = new Images(config.workers);
  const passwords = new Passwords(config.bcryptCost, config.workers);
  const roomCache = new RoomCache(store, bus);
  const standings = new Standings(store, { onChange: (roomId) => roomCache.invalidate(roomId) });
  const access = new Access(roomCache, standings);
  const accountLog = new AccountLog(store, bus);
  const indexer = new SearchIndexer(store);
  const services: Services = {
    store,
    blobs,
    images,
    fileLimits: { maxFileSize: config.maxFileSize, maxFilesPerUser: config.maxFilesPerUser },
    uploadSlots: new UploadSlots(config.rateLimit ? MAX_UPLOADS : Infinity),
    bus,
    log: new RoomLog(
      store,
      bus,
      metrics,
      standings,
      (...appended) => indexer.appended(...appended),
    ),
    accountLog,
    publicUsers: new PublicUsers(store.users, bus),
    members: new Members(store, standings, accountLog, bus),
    requestHashes: new RequestHashes(config.accessSecret),
    access,
    mentions: new Mentions(access, roomCache, bus),
    admins: new Admins(store.users, bus),
    adminSettings: { emails: new Set(config.adminEmails), registered: !config.production },
    newestPages: isAlone(bus) ? new NewestPages(store, bus) : null,
    slugs: new RoomSlugs(store.rooms),
    tokens: await Tokens.create(config),
    passwords,
    knownDevices: await KnownDevices.create(config.refreshSecret),
    rateLimits: new RateLimits(config.rateLimit, sharedLimiters),
    metrics,
    ownStatus: new OwnStatus(metrics, VERSION),
    load,
    editWindow: config.editWindow,
  };
  await appointAdmins(services, config.adminEmails, config.adminPassword);
  metrics.watch("loop_busy", "Cores that event loops use", () => load.share);
  metrics.watchQueue("password", () => passwords.waiting);
  metrics.watchQueue("image", () => images.waiting);
  const rooms = new Rooms(services);
  const accounts = new Accounts(services);
  const dependencies = { ...services, rooms, accounts };
  const gateway = new Gateway(dependencies);
  let draining = false;
  const app = createApp(dependencies, gateway, { ...config, isDraining: () => draining });
  const repairs = new RepeatingJob({ name: "Repair", run: () => store.repair(), ...REPAIRS });
  const deletions = new RepeatingJob({
    name: "Completion of bans' deletions",
    run: () => resumeDeletions(services),
    ...DELETIONS,
  });
  const indexing = new RepeatingJob({
    name: "Indexing for search",
    run: () => indexer.lookThrough(),
    ...INDEXING,
  });
  const collections = new RepeatingJob({
    name: "Deletion of files",
    async run() {
      await collectFiles(services);
      await sweepUploads(services, new Date());
    },
    ...COLLECTIONS,
  });
  const limits = config.rateLimit ? "" : "; rate limits OFF";
  opened.move();
  return {
    fetch: app.fetch,
    description:
      `store: ${store.description}; files: ${blobs.description}; bus: ${bus.description}${limits}`,
    async drain() {
      draining = true;
      await gateway.drain();
    },
    async close() {
      repairs.stop();
      deletions.stop();
      collections.stop();
      indexing.stop();
      await services.log.drain();
      await indexer.close();
      gateway.close();
      rooms.close();
      accounts.close();
      accountLog.close();
      services.rateLimits.close();
      metrics.close();
      load.close();
      // On MongoDB bus and blobs use the store's connection.
      await Promise.allSettled([blobs.close(), bus.close()]).finally(() => store.close());
    },
  };
}

/** What an instance depends on: the store, the bytes of files, and the bus between instances. */
interface Backends {
  store: Store;
  blobs: BlobStore;
  bus: Bus;
  /** Null where each instance counts for itself. */
  sharedLimiters: SharedLimiters | null;
}

async function openBackends(
  config: Config,
  load: LoopLoad,
  siblings?: Siblings,
): Promise<Backends> {
  // Closes what was opened if something after it cannot be.
  await using opened = new AsyncDisposableStack();
  const [{ mongodb, store }, redis] = await both(
    openStore(config, load).then((each) => {
      opened.defer(() => each.store.close());
      return each;
    }),
    openRedis(config).then((bus) => {
      opened.defer(() => bus?.close());
      return bus;
    }),
  );
  const blobs = await openBlobs(config, mongodb);
  opened.defer(() => blobs.close());
  const bus = redis ?? await openBus(config, mongodb, siblings);
  if (!redis) opened.defer(() => bus.close());
  const sharedLimiters = await chooseLimiters(redis, mongodb) ?? siblings?.limiters ?? null;
  opened.move();
  return { store, blobs, bus, sharedLimiters };
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
): Promise<{ mongodb: Connection | null; store: Store }> {
  if (mongodbUri === null) return { mongodb: null, store: await openSqlite(dataDir, load) };
  const mongodb = await connectMongo(mongodbUri);
  return { mongodb, store: await openMongoStore(mongodb) };
}

async function connectMongo(uri: string): Promise<Connection> {
  const { connect } = await import("./adapters/store/mongodb/connection.ts");
  try {
    return await connect(uri);
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

async function openSqlite(dataDir: string, load?: LoopLoad): Promise<Store> {
  try {
    await Deno.mkdir(dataDir, { recursive: true, mode: 0o700 });
    return await SqliteStore.open(`${dataDir}/echoroom.db`, {
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
): Promise<BlobStore> {
  if (s3) return await openS3(s3);
  if (filesDir === null) return await openGridFs(mongodb!);
  try {
    return await FolderBlobs.open(filesDir);
  } catch (error) {
    throw new ConfigError(folderFault("FILES_DIR", filesDir, error));
  }
}

async function openS3(settings: S3Settings): Promise<BlobStore> {
  const { S3Blobs } = await import("./adapters/blobs/s3/store.ts");
  try {
    return await S3Blobs.open(settings);
  } catch (error) {
    throw new ConfigError(
      `S3_ENDPOINT cannot be used: ${
        oneLine(error)
      }; start the service, or correct its URL, the bucket or the key`,
    );
  }
}

async function openGridFs({ db }: Connection): Promise<BlobStore> {
  const { GridFsBlobs } = await import("./adapters/blobs/gridfs.ts");
  try {
    return await GridFsBlobs.open(db);
  } catch (error) {
    throw new ConfigError(`MONGODB_URI leads to a server that refuses files: ${oneLine(error)}`);
  }
}

/** @returns null where Redis is not the bus */
async function openRedis({ bus, redisUrl }: Config): Promise<RedisBus | null> {
  if (redisUrl === null || (bus !== "auto" && bus !== "redis")) return null;
  const { RedisBus } = await import("./adapters/bus/redis/bus.ts");
  const { refusalReason } = await import("./adapters/bus/redis/refusals.ts");
  try {
    return await RedisBus.open(redisUrl);
  } catch (error) {
    throw new ConfigError(`REDIS_URL ${refusalReason(error)}`);
  }
}

/** Whether no other instance shares the bus, so that it carries every change in a call. */
function isAlone(bus: Bus): boolean {
  return bus instanceof InProcessBus && !(bus instanceof WorkersBus);
}

async function openBus(
  { bus }: Config,
  mongodb: Connection | null,
  siblings?: Siblings,
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
