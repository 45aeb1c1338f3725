/** What the store and its worker ask and answer each other, over `postMessage`. */
import type { ErrorCode } from "../../../domain/errors.ts";
import type { SqliteDatabase } from "./database.ts";
import type { FileIdentity } from "./file.ts";

/** One call of a method of `SqliteDatabase`. */
export interface Call {
  method: Exclude<keyof SqliteDatabase, "transaction" | "identity">;
  args: unknown[];
  /** When the caller is answered `unavailable`, as `clock()` tells it; nothing is begun after it. */
  deadline: number;
}

/** What a call came to: its value, or its error in a form that crosses threads. */
export type Outcome = { value: unknown } | { error: Failure };

export interface Failure {
  code: ErrorCode | null;
  message: string;
  /** SQLite's own words, for the log. */
  detail?: string;
}

export type Request =
  /** `identity` is what the file has to be; null makes a missing file */
  | { open: string; identity: FileIdentity | null }
  | { reads: Call[]; writes: Call[] }
  | { close: true };

export type Reply =
  | { opened: FileIdentity }
  | { closed: true }
  | { failed: Failure }
  /** `writes` is null if there are none, or another connection has the lock: they follow as `delayed`. */
  | { reads: Outcome[]; writes: Outcome[] | null }
  | { delayed: Outcome[] };

/** Methods that need the write lock. `ping` takes it, too, to find out whether writes succeed. */
export const WRITES: ReadonlySet<Call["method"]> = new Set<Call["method"]>([
  "createUser",
  "updateUser",
  "createRoom",
  "append",
  "createSession",
  "rotateSession",
  "revokeSession",
  "ping",
]);

/** Milliseconds on a clock that never runs backwards and that all threads share. */
export function clock(): number {
  return performance.timeOrigin + performance.now();
}
