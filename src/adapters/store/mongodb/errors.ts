/** What the driver's errors mean to the store. */
import { MongoError, MongoServerError } from "mongodb";
import { unavailable } from "../../../domain/errors.ts";

/** The code of a unique index that refuses a write. */
export const DUPLICATE_KEY = 11000;

/** Whether a unique index refused the write: any of them, or the one on `field`. */
export function isDuplicateKey(error: unknown, field?: string): boolean {
  if (!(error instanceof MongoServerError) || error.code !== DUPLICATE_KEY) return false;
  return field === undefined || field in (error.keyPattern ?? {});
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
