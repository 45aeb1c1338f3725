/**
 * One room of a server in memory, as the protocol allows it at its worst: what is sent waits until a
 * test delivers, doubles or loses it, and of the states that may be shown a random one is.
 */
import { type Message, NEW_MESSAGE } from "../../src/protocol/wire/messages.ts";
import type {
  ClientFetch,
  ClientResponse,
  ClientSocket,
  ClientSocketConstructor,
} from "../../src/client/mod.ts";
import type { Random } from "../faults/random.ts";

const TIME = "2026-01-01T00:00:00.000Z";
const LOG_ID = "entry";
const DELETED = { text: "", deletedAt: TIME, reactions: [], pinned: false };
const ROOM = { id: "room", name: "Room", slug: "room" };
/** So few, so that a short history has several pages. */
const JOINED = 4;
const PAGE = 3;

export const ADA = { id: "ada", displayName: "Ada", avatarUrl: null };
export const BOB = { id: "bob", displayName: "Bob", avatarUrl: null };

/** What may happen to a message. */
export type Change = "edit" | "delete" | "react" | "pin" | "unpin";

interface Command {
  event: string;
  data: {
    roomId: string;
    text: string;
    clientMessageId: string;
    lastSeenSeq: number;
    messageId: string;
    emoji: string;
    replyTo?: string;
  };
  ref: number;
}

interface Frame {
  event: string;
  data: object;
  ref?: number;
  /** Of the message that it shows as it was at its entry; it may be shown as it is at the delivery. */
  messageId?: string | null;
}

export class RoomModel {
  readonly #random: Random;
  /** The states of each message, the oldest first; in the order of creation. */
  readonly #states = new Map<string, Message[]>();
  /** What each entry has changed; null of a kind that no client knows. */
  readonly #log: (string | null)[] = [];
  #socket: ModelSocket | null = null;
  /** Whether the socket gets live entries. */
  #isLive = false;
  /** What edits, deletions and reactions of the client were acked with, by their `clientMessageId`. */
  readonly #acks = new Map<string, object>();
  /** Frames on their way to the client. */
  #frames: Frame[] = [];
  /** Pages of history on their way. */
  #pages: (() => void)[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  get WebSocket(): ClientSocketConstructor {
    // deno-lint-ignore no-this-alias -- the class below has a `this` of its own
    const model = this;
    return class extends ModelSocket {
      constructor() {
        super((command, socket) => model.#answer(command, socket));
        model.#socket = this;
        model.#isLive = false;
        model.#frames = [];
        queueMicrotask(() => this.onopen?.());
      }
    } as ClientSocketConstructor;
  }

  /** Answers requests with what is there at once, or when the answer is delivered. */
  readonly fetch: ClientFetch = async (url) => {
    const { pathname, searchParams } = new URL(url);
    const [before, threadId] = ["before", "threadId"].map((name) => searchParams.get(name));
    const [, id] = /\/messages\/([^/]+)$/.exec(decodeURIComponent(pathname)) ?? [];
    if (before === null && threadId === null && !id && !pathname.endsWith("/pins")) {
      return answerOf({ room: ROOM });
    }
    const read = () => {
      if (id) return { message: this.#states.get(id)!.at(-1) };
      if (pathname.endsWith("/pins")) return { messages: this.pinned.toReversed(), mine: {} };
      return this.#page(before ?? null, threadId ?? null);
    };
    const early = read();
    await new Promise<void>((resolve) => this.#pages.push(resolve));
    return answerOf(this.#random.pick([early, read()]));
  };

  get lastSeq(): number {
    return this.#log.length;
  }

  /** All messages as they are now. */
  get messages(): Message[] {
    return [...this.#states.values()].map((states) => states.at(-1)!);
  }

  /** The pinned messages as they are now. */
  get pinned(): Message[] {
    return this.messages.filter(({ pinned }) => pinned);
  }

  /** The answers to a message as they are now. */
  answersTo(rootId: string): Message[] {
    return this.messages.filter(({ threadId }) => threadId === rootId);
  }

  /** Half of the messages answer an earlier one, if it is not said which. */
  create(
    sender = BOB,
    clientMessageId = `bob ${this.lastSeq + 1}`,
    text = clientMessageId,
    replyTo = this.#random.next() < 0.5 ? this.messages[1]?.id : undefined,
  ): Message {
    const seq = this.lastSeq + 1;
    const answered = !replyTo ? undefined : this.#states.get(replyTo)!.at(-1)!;
    const threadId = answered?.threadId ?? answered?.id ?? null;
    const message = {
      ...{ ...NEW_MESSAGE, id: `${LOG_ID} ${seq}`, roomId: "room", seq, changedSeq: seq, sender },
      ...{ text, clientMessageId, createdAt: TIME, updatedAt: TIME },
      ...{ replyTo: replyTo || null, threadId },
    };
    this.#states.set(message.id, [message]);
    this.#append(message.id);
    return message;
  }

  /** Changes one of the last messages, counted from the last one; one that is deleted stays so. */
  change(back: number, change: Change): void {
    const message = this.messages.at(-1 - back);
    if (!message || message.deletedAt !== null) return;
    const changedSeq = this.lastSeq + 1;
    this.#states.get(message.id)!.push({
      ...message,
      changedSeq,
      ...changed(change, changedSeq, message),
    });
    this.#append(message.id);
  }

  /** Adds an entry of a kind that no client knows. */
  appendUnknown(): void {
    this.#append(null);
  }

  /** Delivers what waits, in its order. */
  deliver(count = Infinity): void {
    for (let i = 0; i < count && this.#frames.length > 0; i++) {
      this.#pass(this.#frames.shift()!);
    }
  }

  /** Delivers the next frame, which stays to be delivered once more if it answers nothing. */
  double(): void {
    const [next] = this.#frames;
    if (next && next.ref === undefined) this.#pass(next);
    else this.deliver(1);
  }

  /** Loses the next frame. An answer is not lost alone: then the connection is. */
  lose(): void {
    if (this.#frames[0]?.ref === undefined) this.#frames.shift();
  }

  /** Delivers the pages of history that were asked for. */
  deliverPages(): void {
    for (const deliver of this.#pages.splice(0)) deliver();
  }

  /** The event of the frame that is delivered next. */
  get nextEvent(): string | undefined {
    return this.#frames[0]?.event;
  }

  get isIdle(): boolean {
    return this.#frames.length === 0 && this.#pages.length === 0;
  }

  #pass({ messageId, data, ...frame }: Frame): void {
    const isLater = messageId && this.#random.next() < 0.5;
    const later = isLater ? { message: this.#states.get(messageId)!.at(-1) } : {};
    this.#socket?.receive({ ...frame, data: { ...data, ...later } });
  }

  #append(messageId: string | null): void {
    this.#log.push(messageId);
    if (!this.#isLive) return;
    this.#frames.push({ ...this.#entryFrame(this.lastSeq, messageId), messageId });
  }

  #entryFrame(seq: number, id: string | null): Frame {
    const data = { roomId: "room", seq, entryId: `${LOG_ID} ${seq}` };
    if (id === null) return { event: "message:framed", data };
    const message = this.#states.get(id)!.at(-1)!;
    if (message.seq === seq) return { event: "message:new", data: { ...data, message } };
    if (message.deletedAt === null) {
      return { event: "message:updated", data: { ...data, change: {}, message } };
    }
    return { event: "message:deleted", data: { ...data, messageId: id, by: BOB, message } };
  }

  #answer({ event, data, ref }: Command, socket: ModelSocket): void {
    if (socket !== this.#socket) return;
    const reply = (name: string, data: object) => this.#frames.push({ event: name, data, ref });
    switch (event) {
      case "auth:identify":
        return void reply("auth:ok", { user: ADA, expiresAt: TIME });
      case "room:join":
        this.#isLive = true;
        return void reply("room:joined", this.#joined());
      case "connection:recover":
        return void reply("connection:missed", this.#missed(data.lastSeenSeq));
      case "message:send":
        return void reply("message:ack", this.#send(data));
      case "message:edit":
        return this.#change(data, reply, { text: data.text, editedAt: TIME });
      case "message:delete":
        return this.#change(data, reply, DELETED);
      case "reaction:add":
      case "reaction:remove":
        return this.#change(data, reply, ({ reactions }) => {
          const others = reactions.filter(({ emoji }) => emoji !== data.emoji);
          const own = { emoji: data.emoji, count: 1, users: [ADA.id] };
          return { reactions: event === "reaction:add" ? [...others, own] : others };
        });
    }
  }

  /** Makes a change once: edits and deletions by their `clientMessageId`, reactions as sets. */
  #change(
    { clientMessageId, messageId }: Command["data"],
    reply: (event: string, data: object) => void,
    change: Partial<Message> | ((message: Message) => Partial<Message>),
  ): void {
    const known = this.#acks.get(clientMessageId);
    if (known) return reply("message:ack", known);
    const message = this.#states.get(messageId)!.at(-1)!;
    if (message.deletedAt !== null) {
      return reply("error", { code: "message_deleted", message: "It is deleted." });
    }
    const fields = typeof change === "function" ? change(message) : change;
    const isChanged = JSON.stringify({ ...message, ...fields }) !== JSON.stringify(message);
    const seq = isChanged ? this.lastSeq + 1 : message.changedSeq;
    const ack = { roomId: "room", clientMessageId, id: messageId, seq, createdAt: TIME };
    this.#acks.set(clientMessageId, ack);
    reply("message:ack", ack);
    if (!isChanged) return;
    this.#states.get(messageId)!.push({ ...message, ...fields, changedSeq: seq });
    this.#append(messageId);
  }

  #joined() {
    const messages = this.messages.slice(-JOINED);
    return { room: ROOM, messages, online: [], onlineCount: 0, ...this.#end(this.lastSeq) };
  }

  /** A page may leave out a message that was changed beyond it. */
  #missed(after: number) {
    const ids = new Set<string>();
    let last = after;
    for (; last < this.lastSeq; last++) {
      const id = this.#log[last]!;
      if (id !== null && !ids.has(id) && ids.size === PAGE) break;
      if (id !== null) ids.add(id);
    }
    this.#isLive = last === this.lastSeq;
    const messages = [...ids].map((id) => this.#states.get(id)!.at(-1)!)
      .filter(({ changedSeq }) => changedSeq <= last || this.#random.next() < 0.5)
      .toSorted((a, b) => a.changedSeq - b.changedSeq);
    const end = { ...this.#end(last), hasMore: !this.#isLive, reset: false };
    return { roomId: "room", messages, ...end };
  }

  #send({ text, clientMessageId, replyTo }: Command["data"]) {
    const isSame = (message: Message) => message.clientMessageId === clientMessageId;
    const create = () => this.create(ADA, clientMessageId, text, replyTo ?? "");
    const { id, seq } = this.messages.find(isSame) ?? create();
    return { roomId: "room", clientMessageId, id, seq, createdAt: TIME };
  }

  #end(lastSeq: number) {
    return { lastSeq, lastEntryId: lastSeq > 0 ? `${LOG_ID} ${lastSeq}` : null };
  }

  #page(before: string | null, threadId: string | null) {
    const ids = [...this.#states.keys()];
    const older = this.messages.slice(0, before === null ? undefined : ids.indexOf(before))
      .filter((message) => threadId === null || message.threadId === threadId);
    return { messages: older.slice(-PAGE), hasMore: older.length > PAGE, mine: {} };
  }
}

function answerOf(body: unknown): ClientResponse {
  const text = () => Promise.resolve(JSON.stringify(body));
  return { ok: true, status: 200, headers: { get: () => null }, text };
}

function changed(change: Change, seq: number, { reactions }: Message): Partial<Message> {
  const others = reactions.filter(({ emoji }) => emoji !== "+1");
  switch (change) {
    case "edit":
      return { text: `edited by ${seq}`, editedAt: TIME };
    case "delete":
      return DELETED;
    case "react":
      return { reactions: [...others, { emoji: "+1", count: seq, users: [BOB.id] }] };
    case "pin":
    case "unpin":
      return { pinned: change === "pin" };
  }
}

class ModelSocket implements ClientSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  readonly #answer: (command: Command, socket: ModelSocket) => void;

  constructor(answer: (command: Command, socket: ModelSocket) => void) {
    this.#answer = answer;
  }

  send(text: string): void {
    this.#answer(JSON.parse(text), this);
  }

  receive(frame: Frame): void {
    this.onmessage?.({ data: JSON.stringify(frame) } as never);
  }

  close(): void {}
}
