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
 * });
 * console.log("The bot is running");
 * ```
 *
 * @module
 */
import type { Message } from "../protocol/wire/messages.ts";
import type { Client } from "./client.ts";
import type { EchoRoomError } from "./errors.ts";
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
  /** Reading or a handler has failed; it is tried again after a pause. What this one throws is ignored. */
  error?(error: unknown): void;
}

/** Where a bot keeps its place. */
export interface FollowOptions {
  /** Where the cursor survives a restart; null, if not given, for memory only. */
  storage?: OutboxStorage | null;
  /** Under which the cursor is stored, for several bots in one storage. */
  name?: string;
}

interface Cursor {
  /** The last message that was passed on. */
  messageId: string;
  messageSeq: number;
  /** The entry up to which changes were passed on. */
  seq: number;
  entryId: string | null;
  /** Messages that were passed on in a state beyond that entry: their `changedSeq`, by their ids. */
  ahead: Record<string, number>;
}

const PAGE = 100;
const RETRY_MS = 2_000;

/**
 * Joins a room, off the screen, and passes on what happens in it: messages in the order of the log, and
 * changes of those before. The first time it begins with what comes next. The cursor is stored after each
 * message that was handled: a process that dies within a handler passes that message on again.
 * @returns ends the subscription; resolves once the handler that runs has ended
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
      if (!this.#cursor) await this.#load();
      while (this.#isBehind && !this.#isOver) {
        this.#isBehind = false;
        this.#isBehind = await this.#read() || this.#isBehind;
      }
    } catch (error) {
      this.#isBehind = true;
      await this.#report(error);
    }
  }

  /** Only tells: a handler that fails in turn must not end the bot. */
  async #report(error: unknown): Promise<void> {
    try {
      await this.#handlers.error?.(error);
    } catch {
      // There is nobody else to tell.
    }
  }

  /** Returns whether there is more. */
  async #read(): Promise<boolean> {
    const hasMessages = await this.#readMessages().catch((error: EchoRoomError) => {
      // The message at the cursor is lost: a backup was restored.
      if (error.status === 400) return this.#reset();
      throw error;
    });
    return await this.#readChanges() || hasMessages;
  }

  /** The history has each message once, however often it was changed since. */
  async #readMessages(): Promise<boolean> {
    const after = { after: this.#cursor!.messageId, limit: PAGE };
    const { messages, hasMore } = await this.#client.api.readMessages(this.#room.id, after);
    for (const message of messages) {
      if (this.#isOver) return false;
      await this.#handlers.message?.(message, this.#room);
      await this.#moveTo({ messageId: message.id, messageSeq: message.seq }, message);
    }
    return hasMore;
  }

  /** Returns whether there is more, or a message that was not passed on yet. */
  async #readChanges(): Promise<boolean> {
    const { seq, entryId } = this.#cursor!;
    const after = { after: seq, ...(entryId !== null && { entryId }) };
    const page = await this.#client.api.readChanges(this.#room.id, after);
    if (page.reset) return await this.#reset();
    let isBehind = page.hasMore;
    for (const message of page.messages) {
      if (this.#isOver) return false;
      const { messageSeq, ahead } = this.#cursor!;
      if (message.seq > messageSeq) isBehind = true;
      else if ((ahead[message.id] ?? 0) < message.changedSeq) {
        await this.#handlers.changed?.(message, this.#room);
        await this.#moveTo({}, message);
      }
    }
    const known = Object.entries(this.#cursor!.ahead).filter(([, at]) => at > page.lastSeq);
    const ahead = Object.fromEntries(known);
    await this.#moveTo({ seq: page.lastSeq, entryId: page.lastEntryId, ahead });
    return isBehind;
  }

  /** The server has another log than the one that the cursor is of. */
  async #reset(): Promise<boolean> {
    await this.#handlers.reset?.(this.#room);
    await this.#begin();
    return true;
  }

  async #load(): Promise<void> {
    const text = await this.#options.storage?.getItem(this.#key);
    if (text) this.#cursor = JSON.parse(text);
    else await this.#begin();
  }

  /** Begins at the end of the log. */
  async #begin(): Promise<void> {
    const { api } = this.#client;
    const { lastSeq } = await api.readRoom(this.#room.id);
    const { messages: [last] } = await api.readMessages(this.#room.id, { limit: 1 });
    const place = { messageId: last!.id, messageSeq: last!.seq, seq: lastSeq, entryId: null };
    await this.#moveTo({ ...place, ahead: {} }, last);
  }

  /** @param passed was passed on in this state */
  async #moveTo(change: Partial<Cursor>, passed?: Message): Promise<void> {
    const cursor = this.#cursor = { ...this.#cursor!, ...change };
    if (passed && passed.changedSeq > cursor.seq) {
      cursor.ahead = { ...cursor.ahead, [passed.id]: passed.changedSeq };
    }
    await this.#options.storage?.setItem(this.#key, JSON.stringify(cursor));
  }

  get #key(): string {
    return `echoroom:${this.#options.name ?? "bot"}:${this.#room.id}`;
  }
}
