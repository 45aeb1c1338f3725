/** The embedded store: a `Store` on SQLite, for one machine, with nothing to install. */
import { ChatError, unavailable } from "../../../domain/errors.ts";
import type { Message, MessageDraft } from "../../../domain/message.ts";
import type { NewRoom } from "../../../domain/room.ts";
import type { Session, SessionRotation } from "../../../domain/session.ts";
import type { ProfileChanges, User } from "../../../domain/user.ts";
import type { Store } from "../../../ports/store.ts";
import type { SqliteDatabase } from "./database.ts";
import type { Call, Outcome, Request } from "./worker.ts";

/** Calls that may wait for the worker at once; over it the store is `unavailable`. */
const MAX_WAITING = 50_000;

/** From one exchange with the worker to the next, when the loop has no time to spare. */
const MAX_SPACING_MS = 10;

interface Pending extends Call {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * Sends calls to the database's worker in batches, one batch in flight: what is asked for while one
 * runs is the next. An idle store adds no delay, and a busy one commits many calls with one wait for
 * the disk. An exchange costs both threads more than what is in it: the busier the loop, the fewer
 * and larger they are.
 */
export class SqliteStore implements Store {
  readonly description: string;
  readonly #worker: Worker;
  readonly #load: () => number;
  #waiting: Pending[] = [];
  #inFlight: Promise<void> | null = null;
  #closed = false;

  private constructor(worker: Worker, path: string, load: () => number) {
    this.#worker = worker;
    this.#load = load;
    this.description = `SQLite (${path})`;
  }

  /**
   * Opens the database file and makes it if it is missing.
   * @param load how busy this thread is, from 0 to 1
   * @throws Error whose message says what is wrong with the file
   */
  static async open(path: string, load = () => 0): Promise<SqliteStore> {
    const worker = new Worker(import.meta.resolve("./worker.ts"), { type: "module" });
    const store = new SqliteStore(worker, path, load);
    try {
      const [outcome] = await store.#exchange({ open: path });
      unwrap(outcome);
      return store;
    } catch (error) {
      worker.terminate();
      throw error;
    }
  }

  createUser(user: User) {
    return this.#call("createUser", user);
  }
  findUser(id: string) {
    return this.#call("findUser", id);
  }
  findUserByEmail(email: string) {
    return this.#call("findUserByEmail", email);
  }
  updateUser(id: string, changes: ProfileChanges, updatedAt: Date) {
    return this.#call("updateUser", id, changes, updatedAt);
  }
  createRoom(room: NewRoom, opening: MessageDraft) {
    return this.#call("createRoom", room, opening);
  }
  findRoom(idOrSlug: string) {
    return this.#call("findRoom", idOrSlug);
  }
  takenSlugs(slugs: string[]) {
    return this.#call("takenSlugs", slugs);
  }
  listRooms(limit: number, after?: { name: string; id: string }) {
    return this.#call("listRooms", limit, after);
  }
  async append(roomId: string, drafts: MessageDraft[]): Promise<Message[]> {
    const outcomes = await this.#call("append", roomId, drafts);
    return outcomes.map((outcome, i) => {
      if (typeof outcome !== "number") return outcome;
      const draft = drafts[i]!;
      return { ...draft, roomId, seq: outcome, updatedAt: draft.createdAt };
    });
  }
  head(roomId: string) {
    return this.#call("head", roomId);
  }
  heads(roomIds: string[]) {
    return this.#call("heads", roomIds);
  }
  readAfter(roomId: string, after: number, limit: number) {
    return this.#call("readAfter", roomId, after, limit);
  }
  readBefore(roomId: string, before: number, limit: number) {
    return this.#call("readBefore", roomId, before, limit);
  }
  findSeq(roomId: string, messageId: string) {
    return this.#call("findSeq", roomId, messageId);
  }
  createSession(session: Session) {
    return this.#call("createSession", session);
  }
  findSession(id: string) {
    return this.#call("findSession", id);
  }
  rotateSession(id: string, from: number, rotation: SessionRotation) {
    return this.#call("rotateSession", id, from, rotation);
  }
  revokeSession(id: string, revokedAt: Date) {
    return this.#call("revokeSession", id, revokedAt);
  }
  revokedSessions(ids: string[]) {
    return this.#call("revokedSessions", ids);
  }
  ping() {
    return this.#call("ping");
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    while (this.#inFlight) await this.#inFlight;
    const [outcome] = await this.#exchange({ close: true });
    this.#worker.terminate();
    unwrap(outcome);
  }

  #call<M extends Call["method"]>(
    method: M,
    ...args: Parameters<SqliteDatabase[M]>
  ): Promise<ReturnType<SqliteDatabase[M]>> {
    if (this.#closed) return Promise.reject(unavailable("The store is closed."));
    if (this.#waiting.length >= MAX_WAITING) {
      return Promise.reject(unavailable("The store is overloaded."));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ method, args, resolve: resolve as (value: unknown) => void, reject });
      this.#inFlight ??= this.#flush();
    });
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const calls = batch.map(({ method, args }) => ({ method, args }));
      const start = performance.now();
      try {
        settle(batch, await this.#exchange({ calls }));
      } catch (error) {
        for (const call of batch) call.reject(unavailable("The store failed.", error));
      }
      const rest = this.#load() * MAX_SPACING_MS - (performance.now() - start);
      if (rest >= 1 && !this.#closed) await new Promise((resolve) => setTimeout(resolve, rest));
    }
    this.#inFlight = null;
  }

  #exchange(request: Request): Promise<Outcome[]> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }: MessageEvent<Outcome[]>) => resolve(data);
      this.#worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
      this.#worker.postMessage(request);
    });
  }
}

function settle(batch: Pending[], outcomes: Outcome[]): void {
  batch.forEach((call, i) => {
    try {
      call.resolve(unwrap(outcomes[i]));
    } catch (error) {
      call.reject(error);
    }
  });
}

function unwrap(outcome: Outcome | undefined): unknown {
  if (!outcome) throw unavailable("The store gave no answer.");
  if ("value" in outcome) return outcome.value;
  const { code, message } = outcome.error;
  throw code === null
    ? new Error(message)
    : code === "unavailable"
    ? unavailable(message)
    : new ChatError(code, message);
}
