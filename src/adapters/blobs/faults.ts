/** What errors of disks, drivers and networks mean to blob stores. */
import { within } from "../../async/deadline.ts";
import { ChatError, unavailable } from "../../domain/errors.ts";

/** The port promises an end of every step within about 5 s of silence. */
export const STEP_MS = 5_000;

const FULL = new Set(["ENOSPC", "EDQUOT"]);
/** A limit on files' sizes (`ulimit -f`), to which the runtime gives no code. */
const TOO_LARGE = /^File too large/;

/**
 * Settles as one step of work does.
 * @param limit milliseconds
 * @throws ChatError `unavailable` if it fails or takes too long; ChatErrors as they are
 */
export async function step<T>(work: Promise<T>, limit = STEP_MS): Promise<T> {
  try {
    return await within(work, limit, () => {
      throw unavailable("The store of files did not answer in time.");
    });
  } catch (error) {
    throw translate(error);
  }
}

/** What to throw for an error of a blob store. */
export function translate(error: unknown): ChatError {
  if (error instanceof ChatError) return error;
  if (isFull(error)) return full(error);
  return unavailable("The store of files cannot answer now.", error);
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
