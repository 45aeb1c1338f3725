/** A correct chat client: one socket, a cursor for each room, an outbox, and a record of everything. */
import { sleep } from "../harness/stage.ts";
import type { Random } from "./random.ts";

/** One entry of a room's log as a client sees it. */
export interface Entry {
  seq: number;
  id: string;
  clientMessageId: string;
  text: string;
}

export interface Send {
  roomId: string;
  clientMessageId: string;
  text: string;
  ack: { id: string; seq: number } | null;
}

/** What a client has seen of a room. */
export interface View {
  roomId: string;
  /** The entries up to this one were not asked for; null before the room was joined. */
  from: number | null;
  /** In the order in which they came. */
  entries: Entry[];
}

/** All that a client did and saw: the checker's input. */
export interface Memory {
  readonly name: string;
  readonly sends: readonly Send[];
  readonly views: readonly View[];
  /** Whether it gets new entries of all its rooms. */
  readonly live: boolean;
  /** Violations of the protocol that it saw, each a sentence. */
  readonly breaches: readonly string[];
}

interface Room extends View {
  cursor: number;
  /** Whether this socket has recovered and gets new entries. */
  live: boolean;
}

interface Message extends Entry {
  roomId: string;
}

// deno-lint-ignore no-explicit-any -- a breach may be of any shape
type Data = any;

export interface ChatClientOptions {
  name: string;
  token: string;
  /** Where the instances are; each connection goes to any of them. */
  urls: readonly string[];
  roomIds: readonly string[];
  /** Whether it enters rooms with `room:join`, or by recovering from 0. */
  joins: boolean;
  protocol: "echoroom.v1" | "echoroom.batch";
  random: Random;
}

const SHOWN_ON_JOIN = 50;
const BACKOFF_MS = { min: 50, max: 1_000 } as const;
/** Closes after which reconnecting is useless: the server refuses the client as faulty. */
const FATAL_CLOSES = [1003, 1009];

export class ChatClient implements Memory {
  readonly name: string;
  readonly token: string;
  readonly sends: Send[] = [];
  readonly breaches: string[] = [];
  /** The close codes of connections; 0 if it broke without one. */
  readonly closes: number[] = [];
  /** Failed attempts to connect. */
  failures = 0;
  /** Milliseconds from each loss of a connection until every room was live again. */
  readonly outages: number[] = [];
  /** Delays of live entries from their creation on the server to their arrival, in milliseconds. */
  readonly delays: number[] = [];
  /** The longest time between two entries, in milliseconds, while `watchSilence` was on. */
  longestSilence = 0;
  unavailable = 0;

  readonly #options: ChatClientOptions;
  readonly #rooms = new Map<string, Room>();
  readonly #unacked = new Map<string, Send>();
  #socket: WebSocket | null = null;
  #identified = false;
  #offlineSince: number | null = null;
  #lastEntryAt: number | null = null;
  #attempt = 0;
  #ending = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ChatClientOptions) {
    this.#options = options;
    this.name = options.name;
    this.token = options.token;
    for (const roomId of options.roomIds) {
      const from = options.joins ? null : 0;
      this.#rooms.set(roomId, { roomId, from, cursor: 0, live: false, entries: [] });
    }
  }

  get views(): View[] {
    return [...this.#rooms.values()];
  }

  get unacked(): readonly Send[] {
    return [...this.#unacked.values()];
  }

  get live(): boolean {
    return this.#rooms.values().every(({ live }) => live);
  }

  /** Connects, and connects again whenever the socket closes, until `end`. */
  start(): void {
    this.#running = this.#stayConnected();
  }

  async end(): Promise<void> {
    this.#ending = true;
    this.#socket?.close();
    await this.#running;
  }

  /** Sends a message, now or as soon as there is a connection, until it is acked. */
  say(roomId: string, text: string): void {
    const clientMessageId = `${this.name}-${this.sends.length + 1}`;
    const send: Send = { roomId, clientMessageId, text, ack: null };
    this.sends.push(send);
    this.#unacked.set(clientMessageId, send);
    if (this.#identified) this.#post(send);
  }

  /** Starts or stops measuring the time between entries. */
  watchSilence(on: boolean): void {
    this.#noteEntry();
    this.#lastEntryAt = on ? Date.now() : null;
  }

  async #stayConnected(): Promise<void> {
    while (!this.#ending) {
      const code = await this.#connection();
      if (this.#ending) return;
      this.#closed(code);
      await sleep(this.#backoff());
    }
  }

  /** Opens a socket and resolves with the code that it was closed with. */
  #connection(): Promise<number> {
    const { urls, protocol, random } = this.#options;
    const socket = new WebSocket(`${random.pick(urls).replace("http", "ws")}/ws`, protocol);
    this.#socket = socket;
    socket.onopen = () => this.#transmit("auth:identify", { token: this.token });
    socket.onmessage = ({ data }) => {
      for (const { event, data: content } of [JSON.parse(data)].flat()) {
        this.#receive(event, content);
      }
    };
    return new Promise((resolve) => {
      socket.onclose = ({ code }) => resolve(code);
    });
  }

  #closed(code: number): void {
    if (this.live) this.#offlineSince = Date.now();
    if (this.#identified) this.closes.push(code);
    else this.failures++;
    this.#socket = null;
    this.#identified = false;
    for (const room of this.#rooms.values()) room.live = false;
    if (code >= 4000 || FATAL_CLOSES.includes(code)) this.#breach(`it was closed with ${code}`);
  }

  #backoff(): number {
    const limit = Math.min(BACKOFF_MS.max, BACKOFF_MS.min * 2 ** this.#attempt++);
    return this.#options.random.between(limit / 2, limit);
  }

  #receive(event: string, data: Data): void {
    switch (event) {
      case "auth:ok":
        return this.#welcome();
      case "room:joined":
        return this.#joined(data);
      case "connection:missed":
        return this.#missed(data);
      case "message:new":
        return this.#news(data);
      case "message:ack":
        return this.#acked(data);
      case "error":
        return this.#refused(data);
      case "presence:update":
        return;
      default:
        this.#breach(`${event}: ${JSON.stringify(data)}`);
    }
  }

  #welcome(): void {
    this.#identified = true;
    this.#attempt = 0;
    const [known, unknown] = partition([...this.#rooms.values()], ({ from }) => from !== null);
    for (const { roomId } of unknown) this.#transmit("room:join", { roomId });
    if (known.length > 0) this.#transmit("connection:recover", { rooms: known.map(cursorOf) });
    for (const send of this.#unacked.values()) this.#post(send);
  }

  #joined({ room: { id }, messages, lastSeq }: Data): void {
    const room = this.#rooms.get(id)!;
    room.from = room.cursor = lastSeq - messages.length;
    if (messages.length !== Math.min(SHOWN_ON_JOIN, lastSeq)) {
      this.#breach(`joining at ${lastSeq} showed ${messages.length} entries`);
    }
    for (const message of messages) this.#take(room, message);
    this.#enter(room);
  }

  #missed({ roomId, messages, lastSeq, hasMore, reset }: Data): void {
    const room = this.#rooms.get(roomId)!;
    if (reset) this.#breach(`the log of ${roomId} ended before ${room.cursor}`);
    if (room.live) this.#breach(`an answer to no question in ${roomId}`);
    for (const message of messages) this.#take(room, message);
    if (room.cursor !== lastSeq) this.#breach(`recovery ended at ${room.cursor}, not ${lastSeq}`);
    if (!hasMore) return this.#enter(room);
    if (messages.length === 0) this.#breach("recovery has more, and shows nothing");
    this.#transmit("connection:recover", cursorOf(room));
  }

  #news({ roomId, seq, message }: Data): void {
    const room = this.#rooms.get(roomId)!;
    if (!room.live) this.#breach(`entry ${seq} came live while recovery stood at ${room.cursor}`);
    if (seq !== message.seq) this.#breach(`the frame of entry ${message.seq} says ${seq}`);
    this.delays.push(Date.now() - Date.parse(message.createdAt));
    this.#take(room, message);
  }

  #take(room: Room, { roomId, seq, id, clientMessageId, text }: Message): void {
    if (roomId !== room.roomId) this.#breach(`an entry of ${roomId} came in ${room.roomId}`);
    if (seq !== room.cursor + 1) {
      this.#breach(`entry ${seq} came after ${room.cursor} in ${roomId}`);
    }
    room.entries.push({ seq, id, clientMessageId, text });
    room.cursor = Math.max(room.cursor, seq);
    this.#noteEntry();
  }

  #enter(room: Room): void {
    room.live = true;
    if (!this.live || this.#offlineSince === null) return;
    this.outages.push(Date.now() - this.#offlineSince);
    this.#offlineSince = null;
  }

  #noteEntry(): void {
    if (this.#lastEntryAt === null) return;
    this.longestSilence = Math.max(this.longestSilence, Date.now() - this.#lastEntryAt);
    this.#lastEntryAt = Date.now();
  }

  #acked({ roomId, clientMessageId, id, seq }: Data): void {
    const send = this.#unacked.get(clientMessageId) ??
      this.sends.find((send) => send.clientMessageId === clientMessageId);
    if (!send || send.roomId !== roomId) {
      return this.#breach(`an ack of ${clientMessageId}, never sent`);
    }
    if (send.ack && (send.ack.id !== id || send.ack.seq !== seq)) {
      this.#breach(`${clientMessageId} was acked as ${send.ack.seq}, then as ${seq}`);
    }
    send.ack ??= { id, seq };
    this.#unacked.delete(clientMessageId);
  }

  /** Repeats a command that was `unavailable`, the only refusal that is allowed. */
  #refused(error: Data): void {
    const { code, event, roomId, clientMessageId, retryAfter = 0 } = error;
    if (code === "unavailable") this.unavailable++;
    if (code !== "unavailable" || retryAfter <= 0) {
      this.#breach(`refused: ${JSON.stringify(error)}`);
    }
    const room = this.#rooms.get(roomId);
    const send = this.#unacked.get(clientMessageId);
    const repeat: Record<string, (() => void) | undefined> = {
      "auth:identify": () => this.#transmit("auth:identify", { token: this.token }),
      "room:join": room && (() => this.#transmit("room:join", { roomId })),
      "connection:recover": room && (() => this.#transmit("connection:recover", cursorOf(room))),
      "message:send": send && (() => this.#post(send)),
    };
    const work = repeat[event];
    if (!work) return this.#breach(`a refusal of who knows what: ${JSON.stringify(error)}`);
    this.#later(1_000 * Math.max(1, retryAfter) * this.#options.random.between(0.5, 1.5), work);
  }

  #later(milliseconds: number, work: () => void): void {
    const socket = this.#socket;
    setTimeout(() => this.#socket === socket && work(), milliseconds);
  }

  #post({ roomId, text, clientMessageId }: Send): void {
    this.#transmit("message:send", { roomId, text, clientMessageId });
  }

  #transmit(event: string, data: unknown): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify({ event, data }));
  }

  #breach(sentence: string): void {
    this.breaches.push(sentence);
  }
}

function cursorOf({ roomId, cursor }: Room) {
  return { roomId, lastSeenSeq: cursor };
}

function partition<T>(items: T[], belongs: (item: T) => boolean): [T[], T[]] {
  return [items.filter(belongs), items.filter((item) => !belongs(item))];
}
