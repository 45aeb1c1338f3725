/** The embedded store: a `Store` on SQLite, for one machine, with nothing to install. */
import { within } from "../../../async/deadline.ts";
import { ChatError, unavailable } from "../../../domain/errors.ts";
import { entryAfter, LOG_START, numberEntries } from "../../../domain/entry.ts";
import type { LogStore } from "../../../ports/store/log.ts";
import type { MemberStore } from "../../../ports/store/members.ts";
import type { MessageStore } from "../../../ports/store/messages.ts";
import type { RoomStore } from "../../../ports/store/rooms.ts";
import type { SessionStore } from "../../../ports/store/sessions.ts";
import type { Store } from "../../../ports/store/store.ts";
import type { UserStore } from "../../../ports/store/users.ts";
import {
  type Call,
  clock,
  type Failure,
  METHODS,
  type Outcome,
  type PortName,
  type Reply,
} from "./calls.ts";
import type { DatabasePorts } from "./database.ts";
import { ERASE_MS } from "./erasure.ts";
import { LOCKED, StartupFault } from "./faults.ts";
import { lockFile } from "./file.ts";
import { Health } from "./health.ts";
import { toDraftRow, toEntry, toMessage } from "./rows.ts";
import { DatabaseThread } from "./thread.ts";

/** How long a call takes at most, whatever holds the database up. */
const TIMEOUT_MS = 5_000;

/** The same for a probe, whose caller needs a quick answer. */
const PROBE_TIMEOUT_MS = 1_000;

/** Reads, and writes, that may wait for the worker at once; over it the store is `unavailable`. */
const MAX_WAITING = 50_000;

/** From one exchange with the worker to the next, when the loop has no time to spare. */
const MAX_SPACING_MS = 10;

interface Pending {
  port: PortName;
  method: string;
  args: unknown[];
  deadline: number;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** The port's methods with promises of what they return. */
type Promised<Port> = {
  [M in keyof Port]: Port[M] extends (...args: infer A) => infer R ? (...args: A) => Promise<R>
    : never;
};

/** Calls of one kind: reads, or writes. */
interface Lane {
  /** For the next exchange. */
  waiting: Pending[];
  /** With the worker. */
  sent: Pending[];
}

export interface SqliteOptions {
  /** How busy this thread is, from 0 to 1. */
  load?: () => number;
  /** Milliseconds after which a call is answered `unavailable`. */
  timeoutMs?: number;
  /** Milliseconds for which the files may still hold what was deleted, and a little more. */
  eraseMs?: number;
}

/**
 * Sends calls to the database's worker in batches, one batch in flight: what is asked for while one
 * runs is the next. An idle store adds no delay, and a busy one commits many calls with one wait for
 * the disk. An exchange costs both threads more than what is in it: the busier the loop, the fewer
 * and larger they are.
 *
 * While another process holds the write lock, writes stay with the worker and reads go on. A call's
 * deadline is kept here, where neither a blocked nor a dead worker can exceed it.
 */
export class SqliteStore implements Store {
  readonly description: string;
  readonly epoch = 0;
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly rooms: RoomStore;
  readonly log: LogStore;
  readonly messages: MessageStore;
  readonly members: MemberStore;
  readonly #probe: Promised<DatabasePorts["probe"]>;
  readonly #thread: DatabaseThread;
  readonly #health: Health;
  readonly #load: () => number;
  readonly #timeoutMs: number;
  readonly #reads: Lane = { waiting: [], sent: [] };
  readonly #writes: Lane = { waiting: [], sent: [] };
  /** Calls that were not answered yet, in the order of their deadlines. */
  readonly #pending = new Set<Pending>();
  readonly #lock: Disposable;
  /** Whether the worker has to answer before anything else is sent. */
  #exchanging = false;
  #lastExchange = -Infinity;
  /** Whether the writes that were sent wait for another process. */
  #locked = false;
  #spacing: ReturnType<typeof setTimeout> | undefined;
  #expiry: ReturnType<typeof setTimeout> | undefined;
  #drained: (() => void) | null = null;
  #closed = false;

  private constructor(path: string, lock: Disposable, options: SqliteOptions) {
    this.description = `SQLite (${path})`;
    this.users = this.#port("users");
    this.sessions = this.#port("sessions");
    this.rooms = toRoomStore(this.#port("rooms"));
    this.log = toLogStore(this.#port("log"));
    this.messages = toMessageStore(this.#port("messages"));
    this.members = this.#port("members");
    this.#probe = this.#port("probe");
    this.#load = options.load ?? (() => 0);
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#lock = lock;
    this.#health = new Health(path, this.#timeoutMs);
    this.#thread = new DatabaseThread(path, options.eraseMs ?? ERASE_MS, {
      onReply: (reply) => this.#receive(reply),
      onDeath: (error) => this.#abandon(error),
      onReady: () => this.#exchange(),
    });
  }

  /**
   * Opens the database file and makes it if it is missing.
   * @throws StartupFault, or an error of the file system
   */
  static async open(path: string, options: SqliteOptions = {}): Promise<SqliteStore> {
    const store = new SqliteStore(path, lockForServer(path), options);
    try {
      await store.#thread.start();
      return store;
    } catch (error) {
      store.#lock[Symbol.dispose]();
      throw error;
    }
  }

  async ping() {
    const limit = Math.min(PROBE_TIMEOUT_MS, this.#timeoutMs);
    try {
      await within(this.#probe.ping(), limit, () => {
        throw unavailable(this.#delay());
      });
      this.#health.probeSucceeded();
    } catch (error) {
      if (!this.#closed) this.#health.notifyDown((error as Error).message);
      throw error;
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#pending.size > 0) await new Promise<void>((resolve) => this.#drained = resolve);
    await this.#thread.close(this.#timeoutMs);
    clearTimeout(this.#spacing);
    clearTimeout(this.#expiry);
    this.#lock[Symbol.dispose]();
  }

  /** The port as the database has it, called on the worker's thread. */
  #port<P extends PortName>(port: P): Promised<DatabasePorts[P]> {
    const methods = Object.entries(METHODS[port]).map(([method, kind]) => {
      const lane = kind === "write" ? this.#writes : this.#reads;
      return [method, (...args: unknown[]) => this.#call(lane, port, method, args)];
    });
    return Object.fromEntries(methods);
  }

  #call(lane: Lane, port: PortName, method: string, args: unknown[]): Promise<unknown> {
    if (this.#closed) return Promise.reject(unavailable("The store is closed."));
    if (lane.waiting.length >= MAX_WAITING) {
      return Promise.reject(unavailable("The store is overloaded."));
    }
    return new Promise((resolve, reject) => {
      const deadline = clock() + this.#timeoutMs;
      const call = { port, method, args, deadline, resolve, reject };
      lane.waiting.push(call);
      this.#pending.add(call);
      this.#expiry ??= setTimeout(() => this.#expire(), this.#timeoutMs);
      this.#exchange();
    });
  }

  /** Sends what waits, unless the worker has not answered yet or the loop is too busy. */
  #exchange(): void {
    if (this.#exchanging || this.#spacing !== undefined || !this.#thread.isReady) return;
    const canWrite = this.#writes.sent.length === 0 && this.#writes.waiting.length > 0;
    if (this.#reads.waiting.length === 0 && !canWrite) return;
    const now = performance.now();
    const rest = this.#load() * MAX_SPACING_MS - (now - this.#lastExchange);
    if (rest >= 1 && !this.#closed) {
      this.#spacing = setTimeout(() => {
        this.#spacing = undefined;
        this.#exchange();
      }, rest);
      return;
    }
    this.#exchanging = true;
    this.#lastExchange = now;
    this.#thread.post({ reads: take(this.#reads), writes: canWrite ? take(this.#writes) : [] });
  }

  #receive(reply: Extract<Reply, { reads: unknown } | { delayed: unknown }>): void {
    if ("delayed" in reply) {
      this.#settleWrites(reply.delayed);
    } else {
      this.#exchanging = false;
      this.#settleAll(this.#reads, reply.reads);
      if (reply.writes) this.#settleWrites(reply.writes);
      else this.#locked = this.#writes.sent.length > 0;
    }
    this.#exchange();
  }

  #settleWrites(outcomes: Outcome[]): void {
    this.#locked = false;
    const succeeded = this.#writes.sent.some(({ port }, i) => {
      return port !== "probe" && "value" in outcomes[i]!;
    });
    if (succeeded) this.#health.writeSucceeded();
    this.#settleAll(this.#writes, outcomes);
  }

  #settleAll(lane: Lane, outcomes: Outcome[]): void {
    const calls = lane.sent;
    lane.sent = [];
    calls.forEach((call, i) => {
      const outcome = outcomes[i]!;
      if ("value" in outcome) this.#remove(call)?.resolve(outcome.value);
      else this.#fail(call, outcome.error);
    });
  }

  #fail(call: Pending, failure: Failure): void {
    if (failure.code === "unavailable" && call.port !== "probe") this.#health.callFailed(failure);
    this.#remove(call)?.reject(toError(failure));
  }

  /** Answers calls that are past their deadlines, whatever has become of them. */
  #expire(): void {
    this.#expiry = undefined;
    const now = clock();
    for (const call of this.#pending) {
      if (call.deadline > now) {
        this.#expiry = setTimeout(() => this.#expire(), call.deadline - now);
        break;
      }
      const cause = kindOf(call) === "write" ? this.#delay() : NO_ANSWER;
      this.#health.notifyDown(cause);
      this.#remove(call)?.reject(unavailable(cause));
    }
    for (const lane of [this.#reads, this.#writes]) {
      lane.waiting = lane.waiting.filter((call) => this.#pending.has(call));
    }
  }

  /** The worker is dead, and so is what it was doing. */
  #abandon(error: Error): void {
    this.#exchanging = false;
    this.#locked = false;
    for (const lane of [this.#reads, this.#writes]) {
      const calls = lane.sent;
      lane.sent = [];
      for (const call of calls) this.#remove(call)?.reject(unavailable("The store failed.", error));
    }
  }

  /** Returns the call if it was not answered yet. */
  #remove(call: Pending): Pending | null {
    if (!this.#pending.delete(call)) return null;
    if (this.#pending.size === 0) this.#drained?.();
    return call;
  }

  /** What holds writes up. */
  #delay(): string {
    return this.#locked ? LOCKED : NO_ANSWER;
  }
}

/** The opening crosses threads as a row. */
function toRoomStore(rooms: Promised<DatabasePorts["rooms"]>): RoomStore {
  return {
    ...rooms,
    create(room, opening) {
      return rooms.create(room, toDraftRow(opening, entryAfter(LOG_START, room.id, opening)));
    },
  };
}

/** Drafts and entries cross threads as rows, and of appended entries only their number. */
function toLogStore(log: Promised<DatabasePorts["log"]>): LogStore {
  return {
    ...log,
    async append(roomId, basis, drafts) {
      const entries = numberEntries(basis, roomId, drafts);
      const rows = drafts.map((draft, i) => toDraftRow(draft, entries[i]!));
      return entries.slice(0, await log.append(roomId, basis, rows));
    },
    findSent: async (...args) => (await log.findSent(...args)).map(toEntry),
    entriesAfter: async (...args) => (await log.entriesAfter(...args)).map(toEntry),
  };
}

/** Messages cross threads as rows. */
function toMessageStore(messages: Promised<DatabasePorts["messages"]>): MessageStore {
  return {
    ...messages,
    find: async (...args) => (await messages.find(...args)).map(toMessage),
    before: async (...args) => (await messages.before(...args)).map(toMessage),
    after: async (...args) => (await messages.after(...args)).map(toMessage),
    answersBefore: async (...args) => (await messages.answersBefore(...args)).map(toMessage),
    answersAfter: async (...args) => (await messages.answersAfter(...args)).map(toMessage),
    pinned: async (...args) => (await messages.pinned(...args)).map(toMessage),
  };
}

function kindOf({ port, method }: Pending): "read" | "write" {
  const kinds: Record<string, "read" | "write"> = METHODS[port];
  return kinds[method]!;
}

const NO_ANSWER = "The database did not answer in time.";

function lockForServer(path: string): Disposable {
  const lock = lockFile(path, "shared");
  if (lock) return lock;
  throw new StartupFault("whose database is being restored; start again when that is done");
}

/** Moves what waits to the worker. */
function take(lane: Lane): Call[] {
  lane.sent = lane.waiting;
  lane.waiting = [];
  return lane.sent.map(({ port, method, args, deadline }) => [port, method, args, deadline]);
}

function toError({ code, message, detail }: Failure): Error {
  if (code === null) return new Error(message);
  if (code === "unavailable") return unavailable(message, detail);
  return new ChatError(code, message);
}
