/**
 * The worker that owns the database connection, so that waiting for the disk never holds up the
 * event loop that serves sockets.
 */
import { ChatError, unavailable } from "../../../domain/errors.ts";
import { type Call, clock, type Failure, type Outcome, type Reply, type Request } from "./calls.ts";
import { SqliteDatabase } from "./database.ts";
import { Erasure } from "./erasure.ts";
import { concernsAll, isBusy, toChatError } from "./faults.ts";

/** Between two attempts to get the write lock, at first and at most. */
const RETRY_MS = { first: 1, longest: 20 } as const;

const thread = self as unknown as {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(reply: Reply): void;
};
let database: SqliteDatabase | undefined;
let erasure: Erasure | undefined;

thread.onmessage = ({ data }) => {
  try {
    thread.postMessage(answer(data));
  } catch (error) {
    thread.postMessage({ failed: toFailure(error) });
  }
};

function answer(request: Request): Reply {
  if ("open" in request) {
    database = new SqliteDatabase(request.open, request.identity, (migrating) => {
      thread.postMessage({ migrating });
    });
    const { identity } = database;
    erasure = new Erasure(() => database!.erase(), request.eraseMs);
    if (database.mustErase) erasure.request();
    return { opened: identity };
  }
  if ("close" in request) {
    database?.close();
    return { closed: true };
  }
  const db = database!;
  // Before the writes and outside their transaction: a read waits for no lock, and never sees
  // what may still be rolled back.
  const reads = request.reads.map((call) => attempt(() => run(db, call)));
  if (request.writes.length === 0) return { reads, writes: null };
  const writes = tryWrites(db, request.writes);
  if (writes === null) retry(db, request.writes);
  return { reads, writes };
}

/** Writes as soon as the lock is free or all calls are past their deadlines; reads go on meanwhile. */
function retry(db: SqliteDatabase, calls: Call[], delay: number = RETRY_MS.first): void {
  setTimeout(() => {
    const delayed = tryWrites(db, calls);
    if (delayed) thread.postMessage({ delayed });
    else retry(db, calls, Math.min(2 * delay, RETRY_MS.longest));
  }, delay);
}

/**
 * Group commit: all calls of a batch share one transaction and so one wait for the disk. Should one
 * fail in a way that is not an answer, all are undone; if the failure is its own and not the
 * database's, they run again, each for itself.
 * @returns null, and nothing was written, while another connection holds the write lock
 */
function tryWrites(db: SqliteDatabase, calls: Call[]): Outcome[] | null {
  const now = clock();
  if (calls.every((call) => deadlineOf(call) <= now)) return calls.map(lateOutcome);
  try {
    return db.transaction(() => {
      return calls.map((call) => deadlineOf(call) <= now ? lateOutcome() : answerOrFail(db, call));
    });
  } catch (error) {
    if (isBusy(error)) return null;
    if (concernsAll(error)) return calls.map(() => ({ error: toFailure(error) }));
    return calls.map((call) => {
      if (deadlineOf(call) <= clock()) return lateOutcome();
      return attempt(() => db.transaction(() => run(db, call)));
    });
  } finally {
    if (db.mustErase) erasure!.request();
  }
}

function answerOrFail(db: SqliteDatabase, call: Call): Outcome {
  try {
    return { value: run(db, call) };
  } catch (error) {
    // A refusal, before anything was written.
    if (error instanceof ChatError) return { error: toFailure(error) };
    throw error;
  }
}

function run({ ports }: SqliteDatabase, [port, method, args]: Call): unknown {
  const methods = ports[port] as unknown as Record<string, (...args: unknown[]) => unknown>;
  return methods[method]!(...args);
}

function attempt(work: () => unknown): Outcome {
  try {
    return { value: work() };
  } catch (error) {
    return { error: toFailure(error) };
  }
}

function lateOutcome(): Outcome {
  return { error: toFailure(unavailable("The database did not answer in time.")) };
}

function toFailure(error: unknown): Failure {
  const known = toChatError(error);
  const message = known?.message ?? (error instanceof Error ? error.message : String(error));
  if (!(known?.cause instanceof Error)) return { code: known?.code ?? null, message };
  return { code: known.code, message, detail: known.cause.message };
}

function deadlineOf([, , , deadline]: Call): number {
  return deadline;
}
