/** What SQLite's own errors mean: which are outages of the store, and how to describe them. */
import { ChatError, unavailable } from "../../../domain/errors.ts";

export const LOCKED = "Another process holds a lock on the database.";

/** Primary result codes (sqlite.org/rescode.html) of an unusable database, and their causes. */
const OUTAGES: Readonly<Record<number, string>> = {
  1: "The database's tables cannot be read.",
  2: "The database is in an inconsistent state.",
  3: "Access to the database file is denied.",
  4: "The database cancelled the operation.",
  5: LOCKED,
  6: "Another connection holds a lock on a table of the database.",
  7: "The database is out of memory.",
  8: "The database is read-only.",
  9: "The database interrupted the operation.",
  10: "The disk fails to read or write.",
  11: "The database file is damaged.",
  13: "The disk is full.",
  14: "The database file cannot be opened.",
  15: "Another process keeps the database's write-ahead log busy.",
  17: "The database's tables were changed by another process.",
  22: "The file system does not support the database file's size.",
  23: "Access to the database is denied.",
  26: "The database file is damaged.",
};

const BUSY = 5;
/** Faults of single pages: a call that touches others may still succeed. */
const PARTIAL: ReadonlySet<number> = new Set([1, 11]);

/** The file holds something else than the tables that it should. */
const DAMAGE: ReadonlySet<number> = new Set([11, 26]);
/** SQLITE_CORRUPT_VTAB: the tables that a full-text table is made of do not fit each other. */
const INDEX_DAMAGE = 267;
/** The same where the format that it is of is lost. */
const UNKNOWN_INDEX = /^invalid fts5 file format /;
/** SQLITE_IOERR_SHORT_READ: the file is shorter than it says. */
const SHORT_READ = 522;

/** The database's files are no longer those that were opened. */
export class FilesReplaced extends Error {
  constructor() {
    super(
      "The database file was deleted or replaced while the server was running; restart the server.",
    );
  }
}

/** The `ChatError` that a failure is answered with; null if it is no outage but a defect. */
export function toChatError(error: unknown): ChatError | null {
  if (error instanceof ChatError) return error;
  if (error instanceof FilesReplaced) return unavailable(error.message);
  const cause = OUTAGES[resultCode(error) ?? -1];
  return cause === undefined ? null : unavailable(cause, error);
}

/** Whether another connection holds the lock that was asked for. */
export function isBusy(error: unknown): boolean {
  return resultCode(error) === BUSY;
}

/** Whether the file holds something else than a whole database. */
export function isDamage(error: unknown): boolean {
  const { errcode } = error as { errcode?: unknown };
  return DAMAGE.has(resultCode(error) ?? -1) || errcode === SHORT_READ;
}

/** Whether the index of search is damaged, and nothing else as far as SQLite can tell. */
export function isIndexDamage(error: unknown): boolean {
  const { errcode, message } = (error ?? {}) as { errcode?: unknown; message?: unknown };
  return errcode === INDEX_DAMAGE || UNKNOWN_INDEX.test(String(message));
}

/** Whether the failure of one call says that no other call of its batch can succeed now. */
export function concernsAll(error: unknown): boolean {
  const code = resultCode(error);
  return error instanceof FilesReplaced || (code !== null && code in OUTAGES && !PARTIAL.has(code));
}

/** SQLite's primary result code; null if the error is not SQLite's. Only statements carry one. */
function resultCode(error: unknown): number | null {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === "number" ? code & 0xff : null;
}

/** Why the database cannot be used; the message goes on where "DATA_DIR is …," ends, fix included. */
export class StartupFault extends Error {
  static damaged(finding: string): StartupFault {
    return new StartupFault(
      `whose database is damaged (${finding}); restore a backup with: deno task restore FILE`,
    );
  }

  static from(error: unknown): StartupFault {
    if (error instanceof StartupFault) return error;
    const [message = ""] = String(error instanceof Error ? error.message : error).split("\n", 1);
    if (isDamage(error)) return StartupFault.damaged(message);
    if (isBusy(error)) {
      return new StartupFault(
        "whose database is locked by another process; end that process, or wait until it is done",
      );
    }
    return new StartupFault(
      `where the database cannot be opened (${message}); set it to a folder that can be written`,
    );
  }
}
