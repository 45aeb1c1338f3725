/** The embedded store: a `Store` on SQLite, for one machine, with nothing to install. */
import { setTimeout as sleep } from "node:timers/promises";
import { getLogger } from "@logtape/logtape";
import { within } from "../../../async/deadline.ts";
import { LOG_START, numberEntries } from "../../../domain/entry.ts";
import { unavailable } from "../../../domain/errors.ts";
import { firstMembers } from "../../../domain/room_changes.ts";
import type { AuditStore } from "../../../ports/store/audit.ts";
import type { BlockStore } from "../../../ports/store/blocks.ts";
import type { BulkDeletionStore } from "../../../ports/store/bulk_deletions.ts";
import type { FileStore } from "../../../ports/store/files.ts";
import type { InvitationStore } from "../../../ports/store/invitations.ts";
import type { LogStore } from "../../../ports/store/log.ts";
import type { MemberStore } from "../../../ports/store/members.ts";
import type { MessageStore } from "../../../ports/store/messages.ts";
import type { ReportStore } from "../../../ports/store/reports.ts";
import type { RoomStore } from "../../../ports/store/rooms.ts";
import type { SearchStore } from "../../../ports/store/search.ts";
import type { SessionStore } from "../../../ports/store/sessions.ts";
import type { Store } from "../../../ports/store/store.ts";
import type { UserStore } from "../../../ports/store/users.ts";
import { METHODS, type PortName } from "./calls.ts";
import type { DatabasePorts } from "./database.ts";
import { ERASE_MS, PAUSE_MS } from "./erasure.ts";
import { Exchange } from "./exchange.ts";
import { StartupFault } from "./faults.ts";
import { lockFile } from "./file.ts";
import { Health } from "./health.ts";
import { toDraftRow, toEntry, toMessage } from "./message_rows.ts";
import { toPartRow } from "./search.ts";

const logger = getLogger(["echoroom", "store"]);

/** How long a call takes at most, whatever holds the database up. */
const TIMEOUT_MS = 5_000;

/** The same for a probe, whose caller needs a quick answer. */
const PROBE_TIMEOUT_MS = 1_000;

/** The port's methods with promises of what they return. */
type Promised<Port> = {
  [M in keyof Port]: Port[M] extends (...args: infer A) => infer R ? (...args: A) => Promise<R>
    : never;
};

/** Limits in milliseconds. */
export interface SqliteLimits {
  /** After which a call is answered `unavailable`; by default 5 s. */
  timeoutMs?: number;
  /** The same for a probe; by default 1 s, and never more than a call's. */
  probeMs?: number;
}

export interface SqliteOptions extends SqliteLimits {
  /** How busy this thread is, from 0 to 1. */
  load?: () => number;
  /** Milliseconds for which the files may still hold what was deleted, and a little more. */
  eraseMs?: number;
}

/** Opens, checks and closes the database; its ports are called on a thread of their own. */
export class SqliteStore implements Store {
  readonly description: string;
  readonly epoch = 0;
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly rooms: RoomStore;
  readonly log: LogStore;
  readonly messages: MessageStore;
  readonly members: MemberStore;
  readonly reports: ReportStore;
  readonly audit: AuditStore;
  readonly #reports: Promised<DatabasePorts["reports"]>;
  readonly accounts: Promised<DatabasePorts["accounts"]>;
  readonly blocks: BlockStore;
  readonly invitations: InvitationStore;
  readonly bulkDeletions: BulkDeletionStore;
  readonly files: FileStore;
  readonly search: SearchStore;
  readonly #searchTables: Promised<DatabasePorts["search"]>;
  /** Whether `repair` has cleared the index of search: what damages it again is no accident. */
  #hasClearedSearch = false;
  readonly #purge: Promised<DatabasePorts["purge"]>;
  readonly #probe: Promised<DatabasePorts["probe"]>;
  readonly #exchange: Exchange;
  readonly #health: Health;
  readonly #probeMs: number;
  readonly #lock: Disposable;
  #closed = false;

  private constructor(path: string, lock: Disposable, options: SqliteOptions) {
    const { load = () => 0, timeoutMs = TIMEOUT_MS, eraseMs = ERASE_MS } = options;
    const { probeMs = PROBE_TIMEOUT_MS } = options;
    this.description = `SQLite (${path})`;
    this.users = this.#port("users");
    this.sessions = this.#port("sessions");
    this.rooms = toRoomStore(this.#port("rooms"));
    this.log = toLogStore(this.#port("log"));
    this.messages = toMessageStore(this.#port("messages"));
    this.members = this.#port("members");
    this.reports = this.#reports = this.#port("reports");
    this.audit = this.#port("audit");
    this.accounts = this.#port("accounts");
    this.blocks = this.#port("blocks");
    this.invitations = this.#port("invitations");
    this.bulkDeletions = this.#port("bulkDeletions");
    this.files = this.#port("files");
    this.#searchTables = this.#port("search");
    this.search = toSearchStore(this.#searchTables);
    this.#purge = this.#port("purge");
    this.#probe = this.#port("probe");
    this.#probeMs = Math.min(probeMs, timeoutMs);
    this.#lock = lock;
    this.#health = new Health(path, timeoutMs);
    this.#exchange = new Exchange(path, this.#health, { load, timeoutMs, eraseMs });
  }

  /**
   * Opens the database file and makes it if it is missing.
   * @throws StartupFault, or an error of the file system
   */
  static async open(path: string, options: SqliteOptions = {}): Promise<SqliteStore> {
    const store = new SqliteStore(path, lockForServer(path), options);
    try {
      await store.#exchange.start();
      return store;
    } catch (error) {
      store.#lock[Symbol.dispose]();
      throw error;
    }
  }

  async ping() {
    try {
      await within(this.#probe.ping(), this.#probeMs, () => {
        throw unavailable(this.#exchange.delay());
      });
      this.#health.probeSucceeded();
    } catch (error) {
      if (!this.#closed) this.#health.notifyDown((error as Error).message);
      throw error;
    }
  }

  /** A transaction leaves nothing undone but what waits for its time. */
  async repair(): Promise<void> {
    await Promise.all([
      this.accounts.repair(),
      this.#reports.sweep(),
      this.#purge.run(),
      this.#repairSearch(),
    ]);
  }

  /** Clears the index of search where it is damaged, once: it is made again as after an upgrade. */
  async #repairSearch(): Promise<void> {
    if (this.#hasClearedSearch || !await this.#searchTables.isDamaged()) return;
    this.#hasClearedSearch = true;
    logger.warn("The index of search is damaged, and is made again from the messages");
    await this.search.clear();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#exchange.close();
    this.#lock[Symbol.dispose]();
  }

  /** The port as the database has it, called on the worker's thread. */
  #port<P extends PortName>(port: P): Promised<DatabasePorts[P]> {
    const methods = Object.keys(METHODS[port]).map((method) => {
      return [method, (...args: unknown[]) => this.#exchange.call(port, method, args)];
    });
    return Object.fromEntries(methods);
  }
}

/** The opening crosses threads as rows. */
function toRoomStore(rooms: Promised<DatabasePorts["rooms"]>): RoomStore {
  return {
    ...rooms,
    create(room, opening) {
      const entries = numberEntries(LOG_START, room.id, opening);
      const members = firstMembers(room, opening.map(({ message }) => message));
      return rooms.create({
        room,
        opening: opening.map((draft, i) => toDraftRow(draft, entries[i]!)),
        members,
      });
    },
  };
}

/** Drafts and entries cross threads as rows, and of appended entries only their number. */
function toLogStore(log: Promised<DatabasePorts["log"]>): LogStore {
  return {
    ...log,
    async append(roomId, basis, drafts) {
      const entries = numberEntries(basis, roomId, drafts);
      const rows = drafts.map((draft, i) => toDraftRow(draft, entries[i]!));
      return entries.slice(0, await log.append(roomId, basis, rows));
    },
    findSent: async (...args) => (await log.findSent(...args)).map(toEntry),
    entriesAfter: async (...args) => (await log.entriesAfter(...args)).map(toEntry),
  };
}

/** Messages cross threads as rows. */
function toMessageStore(messages: Promised<DatabasePorts["messages"]>): MessageStore {
  return {
    ...messages,
    find: async (...args) => (await messages.find(...args)).map(toMessage),
    before: async (...args) => (await messages.before(...args)).map(toMessage),
    after: async (...args) => (await messages.after(...args)).map(toMessage),
    answersBefore: async (...args) => (await messages.answersBefore(...args)).map(toMessage),
    answersAfter: async (...args) => (await messages.answersAfter(...args)).map(toMessage),
    pinned: async (...args) => (await messages.pinned(...args)).map(toMessage),
  };
}

/** What is indexed crosses threads as rows, and what is cleared is removed in steps. */
function toSearchStore(search: Promised<DatabasePorts["search"]>): SearchStore {
  const removeFormer = async () => {
    while (await search.removeSome()) await sleep(PAUSE_MS);
  };
  return {
    ...search,
    index: (parts) => search.index(parts.map(toPartRow)),
    async clear() {
      while (!await search.replace()) await removeFormer();
      await removeFormer();
    },
  };
}

function lockForServer(path: string): Disposable {
  const lock = lockFile(path, "shared");
  if (lock) return lock;
  throw new StartupFault("whose database is being restored; start again when that is done");
}
