/** What the driver's errors mean to the store. */
import {
  MongoBulkWriteError,
  MongoError,
  MongoNetworkError,
  MongoServerError,
  type WriteError,
} from "mongodb";
import { unavailable } from "../../../domain/errors.ts";

/** The code of a unique index that refuses a write. */
const DUPLICATE_KEY = 11000;

/** The codes of a server that is no primary any more, or shuts down. */
const NO_PRIMARY = new Set<unknown>([91, 189, 10107, 11600, 11602, 13435]);

/** Whether the server was lost, so that another attempt may reach its successor. */
export function isInterruption(error: unknown): boolean {
  if (error instanceof MongoNetworkError) return true;
  return error instanceof MongoServerError && NO_PRIMARY.has(error.code);
}

/** Whether a unique index refused the write: any of them, or the one on `field`. */
export function isDuplicateKey(error: unknown, field?: string): boolean {
  if (!(error instanceof MongoServerError) || error.code !== DUPLICATE_KEY) return false;
  return field === undefined || field in (error.keyPattern ?? {});
}

/**
 * What unique indexes refused of an unordered bulk of writes, everything else of which was done.
 * @throws `error` if it is anything else
 */
export function duplicatesOf(error: unknown): WriteError[] {
  if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError()) throw error;
  const failures = [error.writeErrors].flat();
  if (failures.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
  return failures;
}

/** What to throw for `error`: any error of the driver means that the store is unavailable. */
export function translate(error: unknown): unknown {
  if (!(error instanceof MongoError) && !isSystemError(error)) return error;
  return unavailable("The database cannot answer now.", error);
}

/** Whether it is an error of the operating system: the driver passes some of a broken socket on. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && "code" in error && /^E[A-Z]+$/.test(String(error.code));
}
