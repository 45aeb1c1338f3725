/**
 * For bots: what happens in a room from a stored cursor on, each message and each change once, over
 * restarts.
 *
 * @example
 * ```ts
 * import { type Client, createClient } from "@echoroom/client";
 * import { follow } from "@echoroom/client/bot";
 *
 * const bot = { email: "bot@example.com", password: "correct horse", displayName: "Bot" };
 * const client: Client = createClient("https://chat.example.com", {
 *   token: async () => {
 *     const session = await client.api.login(bot).catch(() => client.api.register(bot));
 *     return session.accessToken;
 *   },
 * });
 * client.connect();
 * await client.api.readRoom("general").catch(() => client.api.createRoom({ name: "General" }));
 * follow(client, "general", {
 *   async message({ text, sender }, room) {
 *     console.log(`${sender.displayName}: ${text}`);
 *     if (text === "ping" && sender.id !== client.user.get()?.id) await room.send("pong");
 *   },
 * }, { from: "start" });
 * ```
 *
 * @module
 */
import type { Message } from "../protocol/wire/messages.ts";
import type { Client } from "./client.ts";
import type { Room } from "./room.ts";
import type { OutboxStorage } from "./unsent_store.ts";

/** What a bot does; while a promise is pending nothing else of the room is passed on. */
export interface BotHandlers {
  /** Somebody, perhaps the bot itself, or the system has sent a message; here it is as it is now. */
  message?(message: Message, room: Room): unknown;
  /** A message was edited, deleted, pinned, or has other reactions; several changes may come as one. */
  changed?(message: Message, room: Room): unknown;
  /** The server has lost a part of the log: what comes next follows its present end. */
  reset?(room: Room): unknown;
  /** Reading or a handler has failed; it is tried again after a pause. */
  error?(error: unknown): void;
}

/** Where a bot begins, and where it keeps its place. */
export interface FollowOptions {
  /** Where the cursor survives a restart; null, if not given, for memory only. */
  storage?: OutboxStorage | null;
  /** Under which the cursor is stored, for several bots in one storage. */
  name?: string;
  /** Where to begin without a cursor: with what comes next, if not given, or with the first message. */
  from?: "end" | "start";
}

interface Cursor {
  seq: number;
  entryId: string | null;
  /**
   * Messages that were passed on since the cursor, by their ids: the `changedSeq` of each. A page may
   * hold a later state than that at its end, and the process may die within a page.
   */
  ahead: Record<string, number>;
}

const RETRY_MS = 2_000;

/**
 * Joins a room, off the screen, and passes on what happens in it. The cursor is stored after each
 * message that was handled: a process that dies within a handler passes that message on again.
 * @returns ends it, once the handler that runs has ended
 */
export function follow(
  client: Client,
  idOrSlug: string,
  handlers: BotHandlers,
  options: FollowOptions = {},
): () => Promise<void> {
  const follower = new Follower(
    client,
    client.join(idOrSlug, { present: false }),
    handlers,
    options,
  );
  return () => follower.stop();
}

class Follower {
  readonly #client: Client;
  readonly #room: Room;
  readonly #handlers: BotHandlers;
  readonly #options: FollowOptions;
  readonly #ends: (() => void)[];
  #cursor: Cursor | null = null;
  #isOver = false;
  /** Whether something may have happened since the last page was asked for. */
  #isBehind = false;
  #running: Promise<void> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Client, room: Room, handlers: BotHandlers, options: FollowOptions) {
    this.#client = client;
    this.#room = room;
    this.#handlers = handlers;
    this.#options = options;
    // Only hints: what has happened is read from the log.
    this.#ends = [room.messages, room.state].map(({ subscribe }) => subscribe(() => this.#look()));
    this.#look();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    for (const end of this.#ends) end();
    await this.#running;
    this.#room.leave();
  }

  #look(): void {
    if (this.#isOver || this.#room.state.get().status !== "live") return;
    this.#isBehind = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      if (this.#isBehind && !this.#isOver) this.#timer = setTimeout(() => this.#look(), RETRY_MS);
    });
  }

  async #run(): Promise<void> {
    try {
      this.#cursor ??= await this.#load();
      while (this.#isBehind && !this.#isOver) {
        this.#isBehind = false;
        this.#isBehind = await this.#read() || this.#isBehind;
      }
    } catch (error) {
      this.#isBehind = true;
      this.#handlers.error?.(error);
    }
  }

  /** Returns whether there is more. */
  async #read(): Promise<boolean> {
    const { seq, entryId } = this.#cursor!;
    const after = { after: seq, ...(entryId !== null && { entryId }) };
    const page = await this.#client.api.readChanges(this.#room.id, after);
    const { lastSeq, lastEntryId } = page;
    if (page.reset) await this.#handlers.reset?.(this.#room);
    for (const message of page.reset ? [] : page.messages) {
      if (this.#isOver) return false;
      await this.#pass(message);
    }
    const ahead = Object.entries(this.#cursor!.ahead).filter(([, known]) => known > lastSeq);
    await this.#moveTo({ seq: lastSeq, entryId: lastEntryId, ahead: Object.fromEntries(ahead) });
    return page.hasMore;
  }

  async #pass(message: Message): Promise<void> {
    const { seq, ahead } = this.#cursor!;
    const { id, changedSeq } = message;
    if ((ahead[id] ?? 0) >= changedSeq) return;
    const isNew = message.seq > seq && ahead[id] === undefined;
    await this.#handlers[isNew ? "message" : "changed"]?.(message, this.#room);
    await this.#moveTo({ ...this.#cursor!, ahead: { ...ahead, [id]: changedSeq } });
  }

  async #load(): Promise<Cursor> {
    const text = await this.#options.storage?.getItem(this.#key);
    if (text) return JSON.parse(text);
    const seq = this.#options.from === "start" ? 0 : this.#room.cursor;
    const cursor = { seq, entryId: null, ahead: {} };
    await this.#moveTo(cursor);
    return cursor;
  }

  async #moveTo(cursor: Cursor): Promise<void> {
    this.#cursor = cursor;
    await this.#options.storage?.setItem(this.#key, JSON.stringify(cursor));
  }

  get #key(): string {
    return `echoroom:${this.#options.name ?? "bot"}:${this.#room.id}`;
  }
}
