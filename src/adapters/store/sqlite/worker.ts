/**
 * The worker that owns the database connection, so that waiting for the disk never holds up the
 * event loop that serves sockets.
 */
import { ChatError } from "../../../domain/errors.ts";
import { SqliteDatabase } from "./database.ts";

/** What the store asks for: one call of a method of `SqliteDatabase`. */
export interface Call {
  method: Exclude<keyof SqliteDatabase, "transaction">;
  args: unknown[];
}

/** What a call came to: its value, or its error in a form that crosses threads. */
export type Outcome =
  | { value: unknown }
  | { error: { code: ChatError["code"] | null; message: string } };

export type Request = { open: string } | { calls: Call[] } | { close: true };

const WRITES: ReadonlySet<Call["method"]> = new Set<Call["method"]>([
  "createUser",
  "updateUser",
  "createRoom",
  "append",
  "createSession",
  "rotateSession",
  "revokeSession",
]);

const thread = self as unknown as {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(outcomes: Outcome[]): void;
};
let database: SqliteDatabase | undefined;

thread.onmessage = ({ data }) => thread.postMessage(answer(data));

function answer(request: Request): Outcome[] {
  if ("calls" in request) return runAll(request.calls);
  return [attempt(() => {
    if ("open" in request) database = new SqliteDatabase(request.open);
    else database?.close();
  })];
}

/**
 * Group commit: all calls of a batch share one transaction and so one wait for the disk. Should one
 * fail in a way that is not an answer, all are undone and run again, each for itself.
 */
function runAll(calls: Call[]): Outcome[] {
  const db = database!;
  if (!calls.some((call) => WRITES.has(call.method))) {
    return calls.map((call) => attempt(() => run(db, call)));
  }
  try {
    return db.transaction(() => calls.map((call) => answerOrFail(db, call)));
  } catch {
    return calls.map((call) => attempt(() => db.transaction(() => run(db, call))));
  }
}

function answerOrFail(db: SqliteDatabase, call: Call): Outcome {
  try {
    return { value: run(db, call) };
  } catch (error) {
    // A refusal, before anything was written.
    if (error instanceof ChatError) {
      return attempt(() => {
        throw error;
      });
    }
    throw error;
  }
}

function run(db: SqliteDatabase, { method, args }: Call): unknown {
  const operation = db[method] as (...args: unknown[]) => unknown;
  return operation.apply(db, args);
}

function attempt(work: () => unknown): Outcome {
  try {
    return { value: work() };
  } catch (error) {
    const code = error instanceof ChatError ? error.code : null;
    return { error: { code, message: error instanceof Error ? error.message : String(error) } };
  }
}
