/** Commands on their way: kept until the server has acked them, over reconnects and reloads. */
import type { Api } from "./api.ts";
import {
  type Ack,
  type Action,
  isChange,
  transmit,
  type Unsent,
  type UnsentMessage,
  withTarget,
} from "./commands.ts";
import type { Connection } from "./connection.ts";
import { type EchoRoomError, failure, isPassing } from "./errors.ts";
import { edited, fold } from "./folding.ts";
import { OutboxQueues } from "./outbox_queues.ts";
import { Pauses } from "./pauses.ts";
import { type OutboxStorage, type UnsentStore, unsentStoreIn } from "./unsent_store.ts";

/** A command to be sent, and the id or slug of its room. */
export type Draft = Action & { room: string; clientMessageId: string };

/** What an outbox needs of the client around it. */
export interface OutboxHost {
  readonly api: Api;
  readonly connection: Connection;
  /** The state of a command has changed. */
  report(message: Unsent, progress: Progress): void;
}

/** The new state of a command. */
export type Progress =
  | { state: "sending" }
  /** With the refusal and the time of the next attempt, if the server could not take it yet. */
  | { state: "queued"; error?: EchoRoomError; retryAt?: number }
  | { state: "sent"; ack: Ack }
  | { state: "failed"; error: EchoRoomError }
  /** Another command has undone it before it was sent. */
  | { state: "discarded" };

const RETRY_MS = 1_000;

interface Item {
  message: Unsent;
  /** Its place among all commands of this outbox. */
  order: number;
  /** Whether an answer is outstanding. */
  isUnderWay: boolean;
  /** Null for a change that needed no sending. */
  acked: Promise<Ack | null>;
  resolve(ack: Ack | null): void;
  reject(error: EchoRoomError): void;
  /** Reject the edits that it has taken in, the last one at the end. */
  edits: ((error: EchoRoomError) => void)[];
}

/**
 * One queue for each room, one command of it under way at a time: so a room gets what a user does in
 * the order in which it was done, whatever is lost or refused in between. Nothing is sent until all
 * names are resolved to ids, or commands under two names of one room could change order. What is sent
 * twice because its ack was lost is done once: by its `clientMessageId`, or because it sets a state.
 */
export class Outbox {
  readonly #host: OutboxHost;
  readonly #store: UnsentStore;
  readonly #queues = new OutboxQueues<Item>();
  #resolving = false;
  /** Rooms whose queue is being sent. */
  readonly #running = new Set<string>();
  /** Before further attempts. */
  readonly #pauses = new Pauses();
  /** Server and user; empty while there is no user. */
  #owner = "";
  /** What an earlier page left, on its way; nothing goes out before it. */
  #loading: Promise<Unsent[]> | null = null;
  #isLoaded = false;
  #lastOrder = 0;
  /** When the last message was written, in milliseconds as of `Date.now()`. */
  #lastAt = 0;
  #online = false;

  /** @param storage where messages survive a reload; null for memory only */
  constructor(host: OutboxHost, storage: OutboxStorage | null) {
    this.#host = host;
    this.#store = unsentStoreIn(storage);
  }

  /**
   * Loads what an earlier page of this user left unsent, once. `owner` names server and user.
   */
  open(owner: string): void {
    const isOpen = this.#isLoaded || this.#loading !== null;
    if (this.#owner === owner && isOpen) return;
    this.#owner = owner;
    const stored = this.#store.load(owner);
    if (Array.isArray(stored)) return this.#take(stored);
    this.#loading = stored;
    void this.#takeLater(stored);
  }

  async #takeLater(stored: Promise<Unsent[]>): Promise<void> {
    // What cannot be read now is tried again when the server next says who this is.
    const messages = await stored.catch(() => null);
    if (this.#loading !== stored) return;
    this.#loading = null;
    if (messages) this.#take(messages);
    this.#runAll();
  }

  /** Queues stored messages before those written meanwhile. */
  #take(messages: Unsent[]): void {
    this.#isLoaded = true;
    const known = new Set(this.#queues.all().map(({ message }) => message.clientMessageId));
    messages.forEach((message, i) => {
      if (known.has(message.clientMessageId)) return;
      this.#lastAt = Math.max(this.#lastAt, Date.parse(message.createdAt) || 0);
      this.#enqueue(message, i - messages.length).acked.catch(() => {});
    });
  }

  /** What waits for a room of this name, in order. */
  waiting(name: string): Unsent[] {
    return this.#queues.of(name).map(({ message }) => message);
  }

  /**
   * Takes a command; it is sent as soon as it can be.
   * @returns null if it was undone, or did undo another, before it was sent
   * @throws {EchoRoomError} the server's refusal, or `closed`, `signed_out` or `discarded`
   */
  add(draft: Draft): Promise<Ack | null> {
    this.#lastAt = Math.max(Date.now(), this.#lastAt + 1);
    const message = { ...draft, createdAt: new Date(this.#lastAt).toISOString() };
    const { superseded, into } = fold(this.#queues.of(message.room), message);
    if (into && draft.change?.event === "message:edit") {
      this.#replace(into, edited(into.message as UnsentMessage, message));
      return new Promise((resolve, reject) => {
        into.edits.push(reject);
        into.acked.then(resolve, reject);
      });
    }
    for (const item of superseded) {
      if (this.#remove(item)) this.#host.report(item.message, { state: "discarded" });
    }
    if (into) {
      this.#refuse(into, failure("discarded", "It was deleted unsent."));
      this.#host.report(into.message, { state: "discarded" });
      for (const { resolve } of superseded) resolve(null);
      return Promise.resolve(null);
    }
    const item = this.#enqueue(message, ++this.#lastOrder);
    // Otherwise it is under way already, and stored.
    if (!item.message.attempted) this.#save(item.message);
    for (const { resolve, reject } of superseded) item.acked.then(resolve, reject);
    return item.acked;
  }

  /** A name is resolved to a room's id. */
  resolve(name: string, id: string): void {
    this.#queues.resolve(name, id);
    this.#runAll();
  }

  /** Whether messages can be sent now. */
  set online(online: boolean) {
    this.#online = online;
    this.#runAll();
  }

  /**
   * Drops all messages; what is stored stays for the next page.
   * @param error rejects the pending sends
   */
  close(error: EchoRoomError): void {
    this.#online = false;
    this.#owner = "";
    this.#loading = null;
    this.#isLoaded = false;
    this.#pauses.end();
    const items = this.#queues.all();
    this.#queues.clear();
    for (const { reject } of items) reject(error);
  }

  /** Deletes what is stored for an owner. */
  erase(owner: string): void | Promise<void> {
    return this.#store.erase(owner);
  }

  #enqueue(message: Unsent, order: number): Item {
    this.#host.report(message, { state: "queued" });
    const item = { message, order, isUnderWay: false, edits: [] } as unknown as Item;
    item.acked = new Promise((resolve, reject) => Object.assign(item, { resolve, reject }));
    this.#queues.add(item);
    this.#runAll();
    return item;
  }

  #replace(item: Item, message: Unsent): void {
    item.message = message;
    this.#save(message);
    this.#host.report(message, { state: "queued" });
  }

  #runAll(): void {
    if (!this.#isReady) return;
    if (this.#queues.unresolved !== undefined) void this.#resolveAll();
    else for (const room of this.#queues.rooms) void this.#run(room);
  }

  async #resolveAll(): Promise<void> {
    if (this.#resolving) return;
    this.#resolving = true;
    for (let name; this.#isReady && (name = this.#queues.unresolved);) {
      const error = await this.#host.api.readRoom(name).then(
        ({ id }) => this.resolve(name!, id),
        (error: EchoRoomError) => error,
      );
      if (error && isPassing(error)) await this.#pauses.pause(RETRY_MS);
      else if (error) this.#refuseAll(name, error);
    }
    this.#resolving = false;
    this.#runAll();
  }

  /** There is no such room. */
  #refuseAll(name: string, error: EchoRoomError): void {
    for (const item of this.#queues.of(name)) this.#refuse(item, error);
  }

  async #run(room: string): Promise<void> {
    if (this.#running.has(room)) return;
    this.#running.add(room);
    // The queue may be moved or emptied while a message is under way.
    for (let item; this.#canSend && (item = this.#queues.of(room)[0]);) {
      const pause = await this.#send(item);
      if (pause > 0) await this.#pauses.pause(pause);
    }
    this.#running.delete(room);
  }

  get #isReady(): boolean {
    return this.#online && this.#loading === null;
  }

  get #canSend(): boolean {
    return this.#isReady && this.#queues.unresolved === undefined;
  }

  /** Returns how long to wait before the next attempt, in milliseconds. */
  async #send(item: Item): Promise<number> {
    item.isUnderWay = true;
    if (!isChange(item.message) && !item.message.attempted) {
      item.message = { ...item.message, attempted: true };
      this.#save(item.message);
    }
    const { message } = item;
    this.#host.report(message, { state: "sending" });
    try {
      const ack = await transmit(this.#host.connection, message);
      for (const other of this.#dependents(item)) {
        this.#replace(other, withTarget(other.message, ack.id));
      }
      if (this.#remove(item)) this.#host.report(message, { state: "sent", ack });
      item.resolve(ack);
    } catch (error) {
      const refusal = error as EchoRoomError;
      if (isPassing(refusal)) return this.#postpone(message, refusal);
      if (message.before) this.#undoEdit(item, refusal);
      else this.#refuse(item, refusal);
    } finally {
      item.isUnderWay = false;
    }
    return 0;
  }

  /** What changes or answers a message that has no id yet. */
  #dependents({ message }: Item): Item[] {
    const { room, clientMessageId } = message;
    return this.#queues.of(room).filter((item) => item.message.sendId === clientMessageId);
  }

  /** Returns how long to wait before the next attempt, in milliseconds. */
  #postpone(message: Unsent, error: EchoRoomError): number {
    if (error.code === "disconnected") {
      this.#host.report(message, { state: "queued" });
      return 0;
    }
    const pause = (error.retryAfter ?? 0) * 1000 || RETRY_MS;
    this.#host.report(message, { state: "queued", error, retryAt: Date.now() + pause });
    return pause;
  }

  /** The message may have been refused for its last edit: it is sent as it was before. */
  #undoEdit(item: Item, error: EchoRoomError): void {
    item.edits.pop()?.(error);
    const { before, mentions: _, metadata: _m, attempted: _a, ...message } = item
      .message as UnsentMessage;
    this.#replace(item, { ...message, ...before });
  }

  #refuse(item: Item, error: EchoRoomError): void {
    for (const other of this.#dependents(item)) this.#refuse(other, error);
    if (this.#remove(item)) this.#host.report(item.message, { state: "failed", error });
    item.reject(error);
  }

  #save(message: Unsent): void {
    this.#store.set(this.#owner, message.clientMessageId, message);
  }

  /** Returns whether it was still there. */
  #remove(item: Item): boolean {
    const isThere = this.#queues.remove(item);
    if (isThere) this.#store.set(this.#owner, item.message.clientMessageId);
    return isThere;
  }
}
