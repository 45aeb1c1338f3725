/** The embedded database: one `node:sqlite` connection, its tables and its transactions. */
import type { DatabaseSync } from "node:sqlite";
import type { SearchStore } from "../../../ports/store/search.ts";
import { nameWords } from "../../../domain/name.ts";
import type { Erased } from "./erasure.ts";
import { FilesReplaced, isBusy, isIndexDamage, StartupFault } from "./faults.ts";
import {
  checkDamage,
  checkOwner,
  checkVersion,
  type FileIdentity,
  findAgain,
  identify,
  isTruncated,
  openDatabase,
  readVersion,
} from "./file.ts";
import { SqliteAccounts } from "./accounts.ts";
import { SqliteAudit } from "./audit.ts";
import { SqliteBlocks } from "./blocks.ts";
import { SqliteBulkDeletions } from "./bulk_deletions.ts";
import { SqliteFiles } from "./files.ts";
import { SqliteInvitations } from "./invitations.ts";
import { SqliteLog } from "./log.ts";
import { SqliteMembers } from "./members.ts";
import { SqliteMessages } from "./messages.ts";
import { SqliteReports } from "./reports.ts";
import { SqliteRoomChanges } from "./room_changes.ts";
import { SqliteRooms } from "./rooms.ts";
import { MIGRATIONS } from "./schema.ts";
import { SqliteSessions } from "./sessions.ts";
import { SqlitePurge } from "./purge.ts";
import { SqliteSearch } from "./search.ts";
import { Statements } from "./statements.ts";
import { SqliteUsers } from "./users.ts";

/** How long the start waits for other processes' locks. Afterwards the worker waits, not SQLite. */
const OPEN_TIMEOUT_MS = 5_000;
/** The same where tables have to be migrated, which another process may be doing. */
const MIGRATION_TIMEOUT_MS = 600_000;

/** "Echo": marks the file as EchoRoom's. `ping` writes it. */
const APPLICATION_ID = 0x4563686f;

/** From one version of the tables to another. */
export interface Migration {
  from: number;
  to: number;
}

/** The store's ports without the promises, and a probe; see there for what each guarantees. */
export interface DatabasePorts {
  users: SqliteUsers;
  sessions: SqliteSessions;
  rooms: SqliteRooms;
  log: SqliteLog;
  messages: SqliteMessages;
  members: SqliteMembers;
  reports: SqliteReports;
  /** What entries are recorded as is added by the log itself. */
  audit: Pick<SqliteAudit, "add" | "list">;
  accounts: SqliteAccounts;
  blocks: SqliteBlocks;
  invitations: SqliteInvitations;
  bulkDeletions: SqliteBulkDeletions;
  files: SqliteFiles;
  /** The rest is done when rooms are purged, and after deletions. */
  search: Pick<
    SqliteSearch,
    Exclude<keyof SearchStore, "clear"> | "replace" | "removeSome" | "isDamaged"
  >;
  purge: SqlitePurge;
  probe: {
    /** Writes without changing anything, which fails on a read-only database. */
    ping(): void;
  };
}

/** Writes of its ports are durable once the transaction around them has committed. */
export class SqliteDatabase {
  readonly #db: DatabaseSync;
  readonly #sql: Statements;
  /** What can be called from the thread of the store. */
  readonly ports: DatabasePorts;
  readonly #search: SqliteSearch;
  #file: FileIdentity;
  readonly #wal: FileIdentity;
  /** Stays so until the next start: what SQLite has in memory no longer fits the file. */
  #truncated = false;
  /** Whether the write-ahead log may hold what was deleted from the tables. */
  #mustErase = false;

  /**
   * Opens the file and brings its tables up to date.
   * @param expected the file that was opened before; without it a missing one is created
   * @param onMigration is called before tables that hold something are migrated
   * @throws StartupFault, FilesReplaced
   */
  constructor(
    path: string,
    expected: FileIdentity | null = null,
    onMigration: (migration: Migration) => void = () => {},
  ) {
    if (expected && !findAgain(expected)) throw new FilesReplaced();
    try {
      this.#db = openDatabase(path, OPEN_TIMEOUT_MS);
      this.#sql = new Statements(this.#db);
    } catch (error) {
      throw StartupFault.from(error);
    }
    try {
      checkVersion(this.#db);
      checkDamage(this.#db, path);
      this.#migrate(onMigration);
      const onDeletion = () => this.#mustErase = true;
      this.#search = new SqliteSearch(this.#sql, onDeletion);
      this.ports = openPorts(this.#sql, this.#search, onDeletion);
      this.#db.exec("PRAGMA busy_timeout = 0");
      this.#proveWritable();
      this.#file = identify(path);
      this.#wal = identify(`${path}-wal`);
      // A process that has died may have left it.
      this.#mustErase = this.#wal.size > 0 || this.#search.mustErase;
    } catch (error) {
      this.#db.close();
      throw StartupFault.from(error);
    }
  }

  /**
   * Runs `work` in one write transaction: all of it is durable when this returns. When this throws,
   * none of it is kept, unless the commit itself failed: then it may be or not.
   * @throws SQLite's "database is locked", at once and before `work`, while another connection writes
   * @throws FilesReplaced if the next start would not find what was written
   */
  transaction<T>(work: () => T): T {
    // Afterwards a checkpoint may have brought a truncated file back to its size.
    this.#checkFiles();
    const result = this.#inTransaction(work);
    this.#checkFiles();
    return result;
  }

  /** The file that was opened, as it was when it was last looked at. */
  get identity(): FileIdentity {
    return this.#file;
  }

  /** Whether `erase` is to be called, within a minute. */
  get mustErase(): boolean {
    return this.#mustErase;
  }

  /**
   * Overwrites in the file what was deleted from the tables, and empties the write-ahead log, where
   * it is still to be read.
   * @returns "blocked" while another connection reads or writes; "unfinished" after a part of it;
   *   "resting" if all is done but for the index of search, which was gone through a short time ago
   */
  erase(): Erased {
    try {
      this.#checkFiles();
      const erased = this.#eraseIndex();
      if (erased === "unfinished") return erased;
      this.#mustErase = !this.#truncateLog();
      if (!this.#mustErase) return erased;
    } catch {
      // The disk's or the file's fault: the next write says so.
    }
    return this.#mustErase ? "blocked" : "erased";
  }

  #eraseIndex(): Erased {
    try {
      return this.#inTransaction(() => this.#search.eraseSome());
    } catch (error) {
      // It is to be replaced first; the log is emptied meanwhile.
      if (isIndexDamage(error)) return "resting";
      throw error;
    }
  }

  close(): void {
    if (this.#mustErase) this.erase();
    this.#db.close();
  }

  #checkFiles(): void {
    const file = findAgain(this.#file);
    if (!file || !findAgain(this.#wal)) throw new FilesReplaced();
    this.#truncated ||= isTruncated(this.#file, file);
    if (this.#truncated) throw new FilesReplaced();
    this.#file = file;
  }

  #inTransaction<T>(work: () => T): T {
    this.#rollBack();
    this.#sql.prepare("BEGIN IMMEDIATE").run();
    try {
      const result = work();
      this.#sql.prepare("COMMIT").run();
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** Ends a transaction that a failure left open; after some failures SQLite has done so itself. */
  #rollBack(): void {
    try {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
    } catch {
      // Tried again before the next transaction, which fails until it succeeds.
    }
  }

  /** SQLite opens a read-only file without an error. */
  #proveWritable(): void {
    try {
      this.#inTransaction(() => {});
    } catch (error) {
      // Another connection is writing, so the file is writable.
      if (!isBusy(error)) throw error;
    }
  }

  /** An up-to-date database is not written to: it can be opened while another process writes. */
  #migrate(onMigration: (migration: Migration) => void): void {
    const [from, to] = [readVersion(this.#db), MIGRATIONS.length];
    if (from === to) return;
    if (from > 0) onMigration({ from, to });
    this.#db.exec(`PRAGMA busy_timeout = ${MIGRATION_TIMEOUT_MS}`);
    this.#db.function("name_words", (name) => JSON.stringify(nameWords(String(name))));
    this.#inTransaction(() => {
      checkOwner(this.#db);
      // Another process may have migrated meanwhile.
      for (const migration of MIGRATIONS.slice(readVersion(this.#db))) this.#db.exec(migration);
      this.#db.exec(`PRAGMA user_version = ${to}`);
    });
    this.#db.exec(`PRAGMA busy_timeout = ${OPEN_TIMEOUT_MS}`);
    // Else the write-ahead log would stay as large as the migrated tables.
    if (from > 0) this.#truncateLog();
  }

  /** Returns false where other connections prevent it. */
  #truncateLog(): boolean {
    return this.#sql.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()?.busy === 0;
  }
}

function openPorts(
  sql: Statements,
  search: SqliteSearch,
  onDeletion: () => void,
): DatabasePorts {
  const changes = new SqliteRoomChanges(sql);
  const audit = new SqliteAudit(sql);
  const log = new SqliteLog(sql, { changes, audit }, onDeletion);
  return {
    users: new SqliteUsers(sql),
    sessions: new SqliteSessions(sql),
    rooms: new SqliteRooms(sql, log, changes),
    log,
    messages: new SqliteMessages(sql),
    members: new SqliteMembers(sql),
    reports: new SqliteReports(sql, onDeletion),
    audit,
    accounts: new SqliteAccounts(sql),
    blocks: new SqliteBlocks(sql),
    invitations: new SqliteInvitations(sql),
    bulkDeletions: new SqliteBulkDeletions(sql),
    files: new SqliteFiles(sql),
    search,
    purge: new SqlitePurge(sql, search, onDeletion),
    probe: { ping: () => void sql.prepare(`PRAGMA application_id = ${APPLICATION_ID}`).run() },
  };
}
