/** What errors of disks, drivers and networks mean to blob stores. */
import { settleStep } from "../../async/step.ts";
import { ChatError, unavailable } from "../../domain/errors.ts";

const FULL = new Set(["ENOSPC", "EDQUOT"]);
/** A limit on files' sizes (`ulimit -f`), to which the runtime gives no code. */
const TOO_LARGE = /^File too large/;

/**
 * Settles as one step of work does.
 * @param limit milliseconds; 5 s if not given
 * @throws ChatError `unavailable` if it fails or takes too long; ChatErrors as they are
 */
export function step<T>(work: Promise<T>, limit?: number): Promise<T> {
  return settleStep(work, fail, limit);
}

function fail(cause?: unknown): never {
  if (cause === undefined) throw unavailable("The store of files did not answer in time.");
  if (cause instanceof ChatError) throw cause;
  if (isFull(cause)) throw full(cause);
  throw unavailable("The store of files cannot answer now.", cause);
}

function isFull(error: unknown): boolean {
  return FULL.has(codeOf(error)) || (error instanceof Error && TOO_LARGE.test(error.message));
}

/** The store has no room for more. */
export function full(cause: unknown): ChatError {
  return unavailable("The disk of files is full.", cause);
}

/** The code of an error of the operating system; empty for others. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
