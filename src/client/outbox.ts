/** Messages on their way: kept until the server has acked them, over reconnects and reloads. */
import type { ServerEvents } from "../protocol/wire.ts";
import { closed, type EchoRoomError } from "./errors.ts";

/** The server's word that a message is durable. */
export type Ack = ServerEvents["message:ack"];

/** A message as it is handed in. */
export type Draft = Omit<Unsent, "createdAt">;

/** A message that the server has not acked yet. */
export interface Unsent {
  /** Id or slug. */
  room: string;
  text: string;
  clientMessageId: string;
  /** ISO 8601, by the local clock, but later than that of whatever was written before. */
  createdAt: string;
}

/** The part of `localStorage` that an outbox needs. */
export type OutboxStorage = Pick<Storage, "length" | "key" | "getItem" | "setItem" | "removeItem">;

/** What an outbox needs of the client around it. */
export interface OutboxHost {
  /**
   * Sends one message.
   * @throws {EchoRoomError} `disconnected` if no answer will come
   */
  transmit(message: Unsent): Promise<Ack>;
  /**
   * The id of a room that is known by its id or slug.
   * @throws {EchoRoomError} `room_not_found`, or why it cannot be found out now
   */
  roomId(name: string): Promise<string>;
  /** Tells what has become of a message. */
  report(message: Unsent, news: News): void;
}

/** What has become of a message. */
export type News =
  | { state: "sending" }
  /** With the refusal and the time of the next attempt, if the server could not take it yet. */
  | { state: "queued"; error?: EchoRoomError; retryAt?: number }
  | { state: "sent"; ack: Ack }
  | { state: "failed"; error: EchoRoomError };

/** Refusals after which the same message may be taken later, if need be in another session. */
const PASSING: ReadonlySet<string> = new Set([
  "disconnected",
  "unreachable",
  "unavailable",
  "internal",
  "rate_limited",
  "not_identified",
  "unauthenticated",
  "token_expired",
  "session_revoked",
  "signed_out",
]);
const RETRY_MS = 1_000;

interface Item {
  message: Unsent;
  resolve(ack: Ack): void;
  reject(error: EchoRoomError): void;
}

/**
 * One queue for each room, one message of it under way at a time: so a room gets a user's messages
 * in the order in which they were written, whatever is lost or refused in between. Until it is known
 * which room each name means nothing goes out, or two names of one room could overtake each other.
 * What is sent twice because its ack was lost is stored once, by its `clientMessageId`.
 */
export class Outbox {
  readonly #host: OutboxHost;
  readonly #storage: OutboxStorage | null;
  /** By the room's id. */
  readonly #queues = new Map<string, Item[]>();
  /** By a name of which it is not known yet which room it means. */
  readonly #unresolved = new Map<string, Item[]>();
  /** Ids of rooms by their names; an id is a name, too. */
  readonly #ids = new Map<string, string>();
  #resolving = false;
  /** Rooms whose queue is being worked off. */
  readonly #running = new Set<string>();
  /** Ends the pauses before further attempts. */
  readonly #pauses = new Set<() => void>();
  #prefix = "";
  /** When the last message was written, in milliseconds as of `Date.now()`. */
  #lastAt = 0;
  #online = false;

  /** @param storage where messages survive a reload; null for memory only */
  constructor(host: OutboxHost, storage: OutboxStorage | null) {
    this.#host = host;
    this.#storage = storage;
  }

  /** Takes up what an earlier page of this user left unsent. `owner` names server and user. */
  open(owner: string): void {
    const prefix = prefixOf(owner);
    if (this.#prefix === prefix) return;
    this.#prefix = prefix;
    for (const message of this.#stored(prefix)) {
      this.#lastAt = Math.max(this.#lastAt, Date.parse(message.createdAt) || 0);
      this.#enqueue(message).catch(() => {});
    }
  }

  /** What waits for a room of this name, in order. */
  waiting(name: string): Unsent[] {
    const items = this.#unresolved.get(name) ?? this.#queues.get(this.#ids.get(name) ?? name) ?? [];
    return items.map(({ message }) => message);
  }

  /**
   * Takes a message; it is sent as soon as it can be.
   * @throws {EchoRoomError} the server's refusal, or `closed` or `signed_out`
   */
  add(draft: Draft): Promise<Ack> {
    this.#lastAt = Math.max(Date.now(), this.#lastAt + 1);
    const message = { ...draft, createdAt: new Date(this.#lastAt).toISOString() };
    this.#attempt(() => this.#storage?.setItem(this.#keyOf(message), JSON.stringify(message)));
    return this.#enqueue(message);
  }

  /** It is known which room a name means. */
  resolve(name: string, id: string): void {
    this.#ids.set(name, id).set(id, id);
    for (const known of [name, id]) {
      const items = this.#unresolved.get(known) ?? [];
      this.#unresolved.delete(known);
      const all = [...items, ...(this.#queues.get(id) ?? [])];
      this.#queues.set(id, all.sort((a, b) => a.message.createdAt < b.message.createdAt ? -1 : 1));
    }
    this.#runAll();
  }

  /** Whether messages can be sent now. */
  set online(online: boolean) {
    this.#online = online;
    this.#runAll();
  }

  /**
   * Gives everything up; what is stored stays for the next page.
   * @param error what those who wait are told
   */
  close(error: EchoRoomError = closed()): void {
    this.#online = false;
    this.#prefix = "";
    for (const end of this.#pauses) end();
    const items = [...this.#queues.values(), ...this.#unresolved.values()].flat();
    this.#queues.clear();
    this.#unresolved.clear();
    this.#ids.clear();
    for (const { reject } of items) reject(error);
  }

  /** Forgets what is stored: its owner leaves for good. */
  erase(owner: string): void {
    const prefix = prefixOf(owner);
    for (const { clientMessageId } of this.#stored(prefix)) {
      this.#attempt(() => this.#storage?.removeItem(prefix + clientMessageId));
    }
  }

  #enqueue(message: Unsent): Promise<Ack> {
    const id = this.#ids.get(message.room);
    const queues = id === undefined ? this.#unresolved : this.#queues;
    const name = id ?? message.room;
    this.#host.report(message, { state: "queued" });
    return new Promise((resolve, reject) => {
      const items = queues.get(name) ?? [];
      queues.set(name, items);
      items.push({ message, resolve, reject });
      this.#runAll();
    });
  }

  #runAll(): void {
    if (!this.#online) return;
    if (this.#unresolved.size > 0) void this.#resolveAll();
    else for (const room of this.#queues.keys()) void this.#run(room);
  }

  async #resolveAll(): Promise<void> {
    if (this.#resolving) return;
    this.#resolving = true;
    for (let name; this.#online && (name = this.#unresolved.keys().next().value);) {
      const error = await this.#host.roomId(name).then(
        (id) => this.resolve(name!, id),
        (error: EchoRoomError) => error,
      );
      if (error && PASSING.has(error.code)) await this.#pause(RETRY_MS);
      else if (error) this.#refuseAll(name, error);
    }
    this.#resolving = false;
    this.#runAll();
  }

  /** There is no such room. */
  #refuseAll(name: string, error: EchoRoomError): void {
    const items = this.#unresolved.get(name) ?? [];
    for (const item of [...items]) this.#refuse(item, error);
    this.#unresolved.delete(name);
  }

  async #run(room: string): Promise<void> {
    if (this.#running.has(room)) return;
    this.#running.add(room);
    // The queue may be moved or emptied while a message is under way.
    for (let item; this.#isReady && (item = this.#queues.get(room)?.[0]);) {
      const pause = await this.#send(item);
      if (pause > 0) await this.#pause(pause);
    }
    this.#running.delete(room);
    if (this.#queues.get(room)?.length === 0) this.#queues.delete(room);
  }

  get #isReady(): boolean {
    return this.#online && this.#unresolved.size === 0;
  }

  /** Returns how long to wait before the next attempt, in milliseconds. */
  async #send(item: Item): Promise<number> {
    const { message } = item;
    this.#host.report(message, { state: "sending" });
    try {
      const ack = await this.#host.transmit(message);
      if (this.#remove(item)) this.#host.report(message, { state: "sent", ack });
      item.resolve(ack);
      return 0;
    } catch (error) {
      const refusal = error as EchoRoomError;
      if (PASSING.has(refusal.code)) {
        return this.#postpone(message, refusal);
      }
      this.#refuse(item, refusal);
      return 0;
    }
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

  #refuse(item: Item, error: EchoRoomError): void {
    if (this.#remove(item)) this.#host.report(item.message, { state: "failed", error });
    item.reject(error);
  }

  /** Returns whether the message was still there. */
  #remove(item: Item): boolean {
    for (const items of [...this.#queues.values(), ...this.#unresolved.values()]) {
      const index = items.indexOf(item);
      if (index < 0) continue;
      items.splice(index, 1);
      this.#forget(item.message);
      return true;
    }
    return false;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#pauses.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#pauses.add(end);
    });
  }

  #stored(prefix: string): Unsent[] {
    const storage = this.#storage;
    if (!storage) return [];
    const keys = this.#attempt(() => {
      return Array.from({ length: storage.length }, (_, i) => storage.key(i)!);
    }) ?? [];
    return keys.filter((key) => key.startsWith(prefix))
      .flatMap((key) => this.#attempt(() => JSON.parse(storage.getItem(key)!) as Unsent) ?? [])
      .sort((a, b) => a.createdAt < b.createdAt ? -1 : 1);
  }

  #forget(message: Unsent): void {
    this.#attempt(() => this.#storage?.removeItem(this.#keyOf(message)));
  }

  #keyOf({ clientMessageId }: Unsent): string {
    return `${this.#prefix}${clientMessageId}`;
  }

  /** A storage that is full, or forbidden by the browser, costs no more than the reload. */
  #attempt<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch {
      return undefined;
    }
  }
}

function prefixOf(owner: string): string {
  return `echoroom:outbox:${owner}:`;
}
