/** Copies the embedded database while a server writes to it, and puts such a copy in its place. */
import { dirname, resolve } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { isBusy, isDamage } from "./faults.ts";
import { findDamage, identify, lockFile, readVersion } from "./file.ts";
import { MIGRATIONS } from "./schema.ts";

/** How long a backup waits for another process's lock. */
const BUSY_TIMEOUT_MS = 5_000;

/** What a database holds. */
export interface Contents {
  /** How many migrations its tables have had. */
  version: number;
  bytes: number;
  users: number;
  rooms: number;
  messages: number;
}

/** Why a backup or a restore was refused; its message is one line with the fix. */
export class BackupError extends Error {}

/**
 * Writes a consistent copy of the database, as of one moment, whatever is written meanwhile. The
 * copy is one file, on the disk and checked as a whole before it gets its name.
 * @param overwrite whether a file at `target` is replaced
 * @throws BackupError, or an error of SQLite or the file system; then `target` is as it was
 */
export async function backUp(
  database: string,
  target: string,
  overwrite: boolean,
): Promise<Contents> {
  if (!exists(database)) {
    throw new BackupError(`there is no database at ${database}; set DATA_DIR to its folder`);
  }
  const folder = dirname(target);
  if (!exists(folder)) {
    throw new BackupError(`there is no folder ${folder}; create it, or choose another one`);
  }
  if (isSameFile(database, target)) {
    throw new BackupError(`${target} is the database itself; choose another file`);
  }
  if (isBeside(database, target)) {
    throw new BackupError(`${target} is a name of the database's own files; choose another one`);
  }
  if (!overwrite && exists(target)) throw alreadyExists(target);
  const draft = `${target}.partial`;
  removeAll(draft);
  try {
    // Created first: SQLite would let others read it.
    Deno.openSync(draft, { createNew: true, write: true, mode: 0o600 }).close();
    await copyTo(draft, database);
    const contents = inspect(draft);
    sync(draft);
    if (overwrite) Deno.renameSync(draft, target);
    else giveName(draft, target);
    syncFolder(target);
    return contents;
  } finally {
    removeAll(draft);
  }
}

/**
 * Puts a copy in the database's place, in one step: killed at any time it leaves either the one or
 * the other. The database that was there is kept beside it.
 * @returns what the copy holds, and where the former database is; null if there was none
 * @throws BackupError, or an error of SQLite or the file system; then the database is as it was
 */
export function restore(
  copy: string,
  database: string,
): Contents & { former: string | null } {
  if (!exists(copy)) throw new BackupError(`there is no file ${copy}`);
  if (!Deno.statSync(copy).isFile) throw new BackupError(`${copy} is not a file; choose a backup`);
  if (isSameFile(copy, database)) {
    throw new BackupError(`${copy} is the database itself; choose a copy of it`);
  }
  Deno.mkdirSync(dirname(database), { recursive: true, mode: 0o700 });
  using lock = lockFile(database, "exclusive");
  if (!lock) throw inUse(database);
  const draft = `${database}.restoring`;
  removeAll(draft);
  try {
    for (const suffix of ["", "-wal"]) {
      if (!exists(copy + suffix)) continue;
      Deno.copyFileSync(copy + suffix, draft + suffix);
      Deno.chmodSync(draft + suffix, 0o600);
    }
    const contents = inspectCopy(draft, copy);
    sync(draft);
    takeOwner(draft, database);
    takeOwner(`${database}.lock`, database);
    const former = setAside(database);
    Deno.renameSync(draft, database);
    syncFolder(database);
    return { ...contents, former };
  } finally {
    removeAll(draft);
  }
}

async function copyTo(draft: string, database: string): Promise<void> {
  using db = new DatabaseSync(database, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  if (readVersion(db) === 0) {
    throw new BackupError(`${database} holds no tables; set DATA_DIR to the server's folder`);
  }
  // In one step: between several steps a server's writes would restart it again and again.
  await backup(db, draft, { rate: -1 });
}

function inspectCopy(draft: string, copy: string): Contents {
  try {
    const contents = inspect(draft);
    if (contents.version <= MIGRATIONS.length) return contents;
    throw new BackupError(
      `its tables are of version ${contents.version}, newer than this EchoRoom supports (${MIGRATIONS.length}); restore it with the newer EchoRoom`,
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BackupError(`${copy} cannot be restored: ${reason}`);
  }
}

/** Reads the whole file, and leaves nothing beside it. */
function inspect(path: string): Contents {
  using db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  // Replays a write-ahead log that came with it.
  db.prepare("PRAGMA journal_mode = DELETE").get();
  const version = readVersion(db);
  if (version === 0) throw new BackupError("it is not an EchoRoom database");
  const damage = findDamage(db, "integrity_check(10)");
  if (damage !== null) throw new BackupError(`it is damaged (${damage}); use an earlier backup`);
  const count = (table: string) =>
    Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n);
  const [users, rooms, messages] = ["users", "rooms", "messages"].map(count);
  const { size: bytes } = Deno.statSync(path);
  return { version, bytes, users: users!, rooms: rooms!, messages: messages! };
}

/**
 * Gives the database a second name. What is in its write-ahead log goes into the file first, because
 * SQLite would replay the log into whatever comes in the file's place.
 */
function setAside(database: string): string | null {
  const log = `${database}-wal`;
  const hadDatabase = exists(database);
  if (hadDatabase) foldLog(database);
  if (!hadDatabase && !exists(log)) return null;
  const former = freeName(database);
  // A log that is left has no database, or a damaged one, and is kept too.
  if (exists(log)) giveName(log, `${former}-wal`);
  if (hadDatabase) giveName(database, former);
  syncFolder(database);
  for (const path of [log, `${database}-shm`]) removeIfThere(path);
  syncFolder(database);
  return former;
}

/** @throws BackupError if another process has the database open */
function foldLog(database: string): void {
  try {
    using db = new DatabaseSync(database, { timeout: 0 });
    db.prepare("PRAGMA journal_mode = DELETE").get();
  } catch (error) {
    if (isBusy(error)) throw inUse(database);
    // Damage may be the reason for the restore.
    if (!isDamage(error)) throw error;
  }
}

/** Restores within one second are numbered: a fast machine does many. */
const MAX_IN_A_SECOND = 1_000;

function freeName(database: string): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const numbers = Array.from({ length: MAX_IN_A_SECOND }, (_, i) => i === 0 ? "" : `-${i + 1}`);
  const names = numbers.map((number) => `${database}.replaced-${time}${number}`);
  const free = names.find((name) => !exists(name) && !exists(`${name}-wal`));
  if (!free) throw new BackupError(`${names[0]} exists; move it elsewhere`);
  return free;
}

/** Gives a file a second name; fails if the name is in use. */
function giveName(path: string, name: string): void {
  try {
    Deno.linkSync(path, name);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists || exists(name)) throw alreadyExists(name);
    // File systems without links.
    Deno.copyFileSync(path, name);
    sync(name);
  }
}

function inUse(database: string): BackupError {
  return new BackupError(
    `${database} is in use; stop the server, and whatever else has it open, first`,
  );
}

function alreadyExists(path: string): BackupError {
  return new BackupError(`${path} exists; choose another name, or add --force to overwrite it`);
}

function isSameFile(a: string, b: string): boolean {
  if (!exists(a) || !exists(b)) return false;
  const [first, second] = [identify(a), identify(b)];
  return first.ino !== null && first.dev === second.dev && first.ino === second.ino;
}

/** What SQLite, a server or a restore keeps beside the database, replaces and removes. */
const OWN_SUFFIXES = ["-wal", "-shm", "-journal", ".lock", ".restoring"];

function isBeside(database: string, target: string): boolean {
  const own = OWN_SUFFIXES.find((suffix) => target.toLowerCase().endsWith(suffix));
  if (own === undefined) return false;
  const path = target.slice(0, -own.length);
  return isSameFile(database, path) || resolve(path) === resolve(database);
}

/** Files created by root must belong to the server's user. */
function takeOwner(path: string, database: string): void {
  if (Deno.build.os === "windows" || Deno.uid() !== 0) return;
  const { uid, gid } = Deno.statSync(exists(database) ? database : dirname(database));
  Deno.chownSync(path, uid, gid);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Removes a draft and what SQLite may have put beside it. */
function removeAll(path: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) removeIfThere(path + suffix);
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function sync(path: string): void {
  using file = Deno.openSync(path, { read: true, write: true });
  file.syncSync();
}

/** Makes the names in a file's folder durable. */
function syncFolder(path: string): void {
  if (Deno.build.os === "windows") return;
  using folder = Deno.openSync(dirname(path));
  folder.syncSync();
}
