/** Puts the server together from its config: what it depends on, its parts and its jobs. */
import { Accounts } from "./accounts/accounts.ts";
import { appointAdmins } from "./application/accounts/appoint_admins.ts";
import { AccountLog } from "./services/account_log.ts";
import { Access } from "./services/access.ts";
import { Admins } from "./services/admins.ts";
import { Images } from "./services/files/images.ts";
import { MAX_UPLOADS, UploadSlots } from "./services/files/upload_slots.ts";
import { Identifications } from "./services/identifications.ts";
import { KnownDevices } from "./services/known_devices.ts";
import { LoopLoad } from "./services/loop_load.ts";
import { Members } from "./services/members.ts";
import { Mentions } from "./services/mentions.ts";
import { Metrics, type MetricsSnapshot } from "./services/metrics.ts";
import { NewestPages } from "./services/newest_pages.ts";
import { OwnStatus } from "./services/own_status.ts";
import { Passwords } from "./services/passwords.ts";
import { PublicUsers } from "./services/public_users.ts";
import { RateLimits } from "./services/rate_limits.ts";
import { RequestHashes } from "./services/request_hashes.ts";
import { RoomCache } from "./services/room_cache.ts";
import { RoomLog } from "./services/room_log.ts";
import { RoomSlugs } from "./services/room_slugs.ts";
import { SearchIndexer } from "./services/search_indexer.ts";
import type { Services } from "./services/services.ts";
import { Standings } from "./services/standings.ts";
import { Tokens } from "./services/tokens.ts";
import { openBackends, type SharedByWorkers, type WaitLimits } from "./backends.ts";
import type { Config } from "./config.ts";
import { createApp } from "./http/app.ts";
import { startJobs } from "./jobs/jobs.ts";
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
export interface Siblings extends SharedByWorkers {
  /** Sets how this worker's metrics are taken when any worker is asked for those of all. */
  onMetricsWanted(take: () => Promise<MetricsSnapshot>): void;
  /** The metrics of all workers, this one included. */
  collectMetrics(): Promise<MetricsSnapshot[]>;
}

/**
 * Opens a server; what was opened is closed again if it cannot start.
 * @param siblings the other workers of this process, if there are any
 * @throws ConfigError if a setting cannot be used; ChatError `unavailable` if the store fails
 */
export async function compose(
  config: Config,
  siblings?: Siblings,
  limits: WaitLimits = {},
): Promise<Server> {
  // Closed in reverse order.
  await using opened = new AsyncDisposableStack();
  const { services, indexer } = await openServices(config, opened, siblings, limits);
  await appointAdmins(services, config.adminEmails, config.adminPassword);
  const rooms = opened.adopt(new Rooms(services), (each) => each.close());
  const accounts = opened.adopt(new Accounts(services), (each) => each.close());
  const dependencies = { ...services, rooms, accounts };
  const gateway = opened.adopt(new Gateway(dependencies), (each) => each.close());
  const { store, blobs, bus, log } = services;
  let draining = false;
  const app = createApp(dependencies, gateway, {
    ...config,
    uploadOrigin: blobs.presigner?.origin,
    isDraining: () => draining,
  });
  opened.defer(() => log.drain());
  for (const job of startJobs(services, indexer)) opened.defer(() => job.stop());
  const unlimited = config.rateLimit ? "" : "; rate limits OFF";
  const closing = opened.move();
  return {
    fetch: app.fetch,
    description:
      `store: ${store.description}; files: ${blobs.description}; bus: ${bus.description}${unlimited}`,
    async drain() {
      draining = true;
      await gateway.drain();
    },
    close: () => closing.disposeAsync(),
  };
}

/** Opens what use cases depend on, and what indexes messages for search; `opened` closes them. */
async function openServices(
  config: Config,
  opened: AsyncDisposableStack,
  siblings: Siblings | undefined,
  limits: WaitLimits,
): Promise<{ services: Services; indexer: SearchIndexer }> {
  const load = opened.use(new LoopLoad());
  const backends = await openBackends(config, load, siblings, limits);
  const { store, blobs, bus, isAlone, sharedLimiters } = backends;
  opened.defer(async () => {
    // On MongoDB bus and blobs use the store's connection.
    await Promise.allSettled([blobs.close(), bus.close()]).finally(() => store.close());
  });
  const metrics = opened.adopt(new Metrics(siblings?.collectMetrics), (each) => each.close());
  siblings?.onMetricsWanted(() => metrics.snapshot());
  const images = new Images(config.workers);
  const passwords = new Passwords(config.bcryptCost, config.workers);
  const roomCache = new RoomCache(store, bus);
  const standings = new Standings(store, { onChange: (roomId) => roomCache.invalidate(roomId) });
  const access = new Access(roomCache, standings);
  const accountLog = opened.adopt(new AccountLog(store, bus), (each) => each.close());
  const indexer = opened.adopt(new SearchIndexer(store), (each) => each.close());
  const rateLimits = new RateLimits(config.rateLimit, sharedLimiters, limits.sharedCountMs);
  opened.defer(() => rateLimits.close());
  metrics.watch("loop_busy", "Cores that event loops use", () => load.share);
  metrics.watchQueue("password", () => passwords.waiting);
  metrics.watchQueue("image", () => images.waiting);
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
    newestPages: isAlone ? new NewestPages(store, bus) : null,
    slugs: new RoomSlugs(store.rooms),
    tokens: await Tokens.create(config),
    identifications: new Identifications(store.sessions),
    passwords,
    knownDevices: await KnownDevices.create(config.refreshSecret),
    rateLimits,
    metrics,
    ownStatus: new OwnStatus(metrics, VERSION),
    load,
    editWindow: config.editWindow,
  };
  return { services, indexer };
}
