/** The database's file: opens, checks, identifies and locks it. */
import { DatabaseSync } from "node:sqlite";
import { isBusy, isDamage, StartupFault } from "./faults.ts";
import { MIGRATIONS } from "./schema.ts";

/** Up to this size a start reads the whole file: about a second. Beyond it, all but the logs. */
const MAX_CHECKED_BYTES = 256 * 1024 * 1024;

/** How long the check of an open database waits for other connections' locks. */
const CHECK_TIMEOUT_MS = 5_000;

/** Between two attempts to get a lock that SQLite does not wait for. */
const RETRY_MS = 10;

/** Pages that a connection keeps in memory: with SQLite's 2 MB most messages wait for a read. */
const CACHE_KIB = 64 * 1024;

/**
 * Pages in the write-ahead log at which a commit copies them into the database: 16 MB. A page that
 * was changed several times is copied once, which with SQLite's 1,000 is rare.
 */
export const CHECKPOINT_PAGES = 4_000;

/** Identifies a file, also when another takes its path. */
export interface FileIdentity {
  path: string;
  dev: number;
  /** Null where the file system has none. */
  ino: number | null;
  /** Bytes at the time. */
  size: number;
}

export function identify(path: string): FileIdentity {
  const { dev, ino, size } = Deno.statSync(path);
  return { path, dev, ino, size };
}

/** The file as it is now; null if it is no longer at its path. */
export function findAgain({ path, dev, ino }: FileIdentity): FileIdentity | null {
  try {
    const found = identify(path);
    return found.dev === dev && found.ino === ino ? found : null;
  } catch {
    return null;
  }
}

/**
 * Whether a database's file was shortened by something other than SQLite. `VACUUM` shortens it too,
 * so a shorter file is checked as at a start, by a connection that has none of its pages in memory.
 * SQLite must open it: any other file descriptor, once closed, would release SQLite's locks.
 */
export function isTruncated(before: FileIdentity, now: FileIdentity): boolean {
  if (now.size >= before.size) return false;
  try {
    using db = new DatabaseSync(now.path, { readOnly: true, timeout: CHECK_TIMEOUT_MS });
    checkDamage(db, now.path);
    // Of an empty file nothing is damaged.
    return readVersion(db) === 0;
  } catch {
    return true;
  }
}

/**
 * Opens a connection for durable writes; creates the file if it is missing.
 * @param timeout milliseconds that each statement waits for locks of other connections
 */
export function openDatabase(path: string, timeout: number): DatabaseSync {
  const db = new DatabaseSync(path, { timeout });
  try {
    setJournalMode(db, timeout);
    db.exec("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON");
    db.exec(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * SQLite itself does not always wait for the lock that this takes in a new file.
 * @param timeout milliseconds
 */
function setJournalMode(db: DatabaseSync, timeout: number): void {
  const deadline = performance.now() + timeout;
  while (true) {
    try {
      // Not by exec(), whose errors carry no result code.
      db.prepare("PRAGMA journal_mode = WAL").get();
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

/** How many migrations the tables have had. */
export function readVersion(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA user_version").get()?.user_version);
}

/** @throws StartupFault if the tables were made by a later release than this one */
export function checkVersion(db: DatabaseSync): void {
  const version = readVersion(db);
  if (version <= MIGRATIONS.length) return;
  throw new StartupFault(
    `whose database has tables of version ${version}, newer than this EchoRoom supports (${MIGRATIONS.length}); start the newer EchoRoom, or restore a backup from before the upgrade with: deno task restore FILE`,
  );
}

/** @throws StartupFault if there are tables, but none of EchoRoom's */
export function checkOwner(db: DatabaseSync): void {
  if (readVersion(db) > 0) return;
  if (db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined) return;
  throw new StartupFault(
    "whose echoroom.db holds another program's tables; move that file elsewhere, or set it to another folder",
  );
}

/** The tables that grow with the rooms' logs. */
const LOG_TABLES = ["messages", "changes", "reactions", "mentions"];

/**
 * Looks for damage, in full up to `MAX_CHECKED_BYTES`. In a larger file the logs, nearly all of it,
 * are only looked at from both ends of each index.
 * @throws StartupFault that says what is damaged, or SQLite's error where nothing can be read
 */
export function checkDamage(db: DatabaseSync, path: string): void {
  const whole = Deno.statSync(path).size <= MAX_CHECKED_BYTES;
  const checks = whole
    ? ["quick_check(10)"]
    : ["users", "rooms", "sessions"].map((table) => `quick_check(${table})`);
  for (const check of checks) {
    const damage = findDamage(db, check);
    if (damage !== null) throw StartupFault.damaged(damage);
  }
  if (whole) return;
  for (const table of LOG_TABLES) checkEnds(db, table);
}

function checkEnds(db: DatabaseSync, table: string): void {
  for (const columns of indexedColumns(db, table)) {
    for (const direction of ["ASC", "DESC"]) {
      const order = columns.map((column) => `${column} ${direction}`).join(", ");
      db.prepare(`SELECT * FROM ${table} ORDER BY ${order} LIMIT 1`).get();
    }
  }
}

/** The columns of each index of the whole table, its primary key's included. */
function indexedColumns(db: DatabaseSync, table: string): string[][] {
  const columns = db.prepare(
    `SELECT i.name AS "index", c.name AS "column"
     FROM pragma_index_list(?) i JOIN pragma_index_info(i.name) c
     WHERE NOT i.partial ORDER BY i.seq, c.seqno`,
  ).all(table);
  return [...Map.groupBy(columns, ({ index }) => index).values()].map((group) => {
    return group.map(({ column }) => String(column));
  });
}

/** Damage of the index that messages are found by, which is made again from the messages. */
const INDEX_DAMAGE = /^(fts5: |malformed inverted index )/;

/**
 * @param check a pragma that lists damage, or "ok"
 * @returns the first finding; null if there is none but of what can be made again
 */
export function findDamage(db: DatabaseSync, check: string): string | null {
  const findings = findingsOf(db, check);
  const finding = findings.find((each) => each !== "ok" && !INDEX_DAMAGE.test(each));
  return finding?.split("\n").at(-1) ?? null;
}

/** An index that is so damaged that it cannot be opened fails the check: then all others are checked. */
function findingsOf(db: DatabaseSync, check: string): string[] {
  const run = (check: string) => {
    return db.prepare(`PRAGMA ${check}`).all().map((row) => String(Object.values(row)[0]));
  };
  try {
    return run(check);
  } catch (error) {
    if (isBusy(error) || isDamage(error)) throw error;
    const [kind] = check.split("(");
    const tables = db.prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL TABLE%'",
    ).all();
    return tables.flatMap(({ name }) => run(`${kind}(${name})`));
  }
}

/**
 * Locks the database's lock file until the lock is disposed of or the process ends. Servers hold it
 * shared, a restore holds it exclusively.
 * @returns null if another process holds a conflicting lock
 */
export function lockFile(path: string, mode: "shared" | "exclusive"): Disposable | null {
  const file = Deno.openSync(`${path}.lock`, { create: true, write: true, mode: 0o600 });
  if (file.tryLockSync(mode === "exclusive")) return file;
  file.close();
  return null;
}
