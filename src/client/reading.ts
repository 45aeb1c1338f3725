/** How far the user has read a room, and what is unread: kept by the server, and counted live here. */
import type { ServerEvents } from "../protocol/wire/events.ts";
import type { PublicUser } from "../protocol/wire/users.ts";
import type { ChatMessage } from "./chat_message.ts";
import type { Connection } from "./connection.ts";
import { type EchoRoomError, isPassing } from "./errors.ts";
import { Observed } from "./observable.ts";
import type { Timeline } from "./timeline.ts";

/** How much of a room the user has not read. */
export interface Unread {
  /** Messages of others; exact to 99, and 100 means more. */
  readonly count: number;
  /** Those among them that name the user, answer them, or mean everybody; as `count`. */
  readonly mentions: number;
  /** The last entry that is read; null if it is not known, or the user is no member of the room. */
  readonly readSeq: number | null;
}

/** What a room's read position needs of the room around it. */
export interface ReadingHost {
  readonly connection: Connection;
  readonly timeline: Timeline;
  roomId(): string;
  self(): PublicUser | null;
  /** The server has set the position: other handles of the room are to know. */
  acked(ack: ServerEvents["read:ack"]): void;
}

/** Positions count against the limit of sends: they are not set more often than this. */
const PAUSE_MS = 2_000;
const MAX_COUNT = 100;

/** A position to be set. */
interface Wanted {
  event: "room:read" | "room:unread";
  seq: number;
  /** The last entry that is read then; null if that stays as it is. */
  readSeq: number | null;
}

/** A position of 0 changes nothing, and is answered with what is unread. */
const ASK: Wanted = { event: "room:read", seq: 0, readSeq: null };

export class Reading {
  readonly unread: Observed<Unread> = new Observed(() => this.#count());

  readonly #host: ReadingHost;
  #known: ServerEvents["read:ack"] | null = null;
  /** The entry up to which `#known` counts. */
  #countedSeq = 0;
  #wanted: Wanted | null = null;
  /** Whether the server has said that the user is no member: only those have a position. */
  #isStranger = false;
  #isLive = false;
  /** Whether a position is being set, or the pause after it is not over. */
  #isBusy = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: ReadingHost) {
    this.#host = host;
    host.timeline.main.messages.derived.add(this.unread);
  }

  /** Whether the server has said that the user is a member. */
  get isMember(): boolean {
    return this.#known !== null;
  }

  /** The room is live: sets what was read meanwhile, or asks how much is. */
  start(): void {
    this.stop();
    this.#isLive = true;
    void this.#send();
  }

  /** Takes the position that the server has. */
  take(ack: ServerEvents["read:ack"]): void {
    this.#known = ack;
    this.#isStranger = false;
    this.#countedSeq = this.#host.timeline.cursor.seq;
    this.unread.changed();
  }

  /** The server may have another position: one set on another device. */
  moved(seq: number): void {
    if (seq !== this.#known?.seq) this.ask();
  }

  /** Asks again: the user may have become a member. */
  ask(): void {
    this.#want(this.#wanted ?? ASK);
  }

  /** Messages that are shown will no longer be: keeps what has been counted. */
  settle(): void {
    const { count: unread, mentions } = this.unread.get();
    if (this.#known) this.take({ ...this.#known, unread, mentions });
  }

  /** The room is no longer live. What waits for its pause is sent without it, if that still can be. */
  stop(): void {
    if (this.#isLive && this.#wanted) void this.#send();
    clearTimeout(this.#timer);
    this.#isBusy = this.#isLive = false;
  }

  /** Forgets everything: the session has ended. */
  clear(): void {
    this.stop();
    this.#known = this.#wanted = null;
    this.unread.changed();
  }

  /** Sets the position, unless it is there or beyond. */
  markRead(seq: number): void {
    if (!this.#isStranger && seq > (this.#wanted?.readSeq ?? this.#known?.seq ?? 0)) {
      this.#want({ event: "room:read", seq, readSeq: seq });
    }
  }

  /** Sets the position back to just before the message with this `seq`. */
  markUnread(seq: number): void {
    this.#want({ event: "room:unread", seq, readSeq: seq - 1 });
  }

  #want(wanted: Wanted): void {
    this.#wanted = wanted;
    this.unread.changed();
    if (this.#isLive && !this.#isBusy) void this.#send();
  }

  async #send(): Promise<void> {
    const wanted = this.#wanted;
    const { event, seq, readSeq } = wanted ?? ASK;
    let pause = PAUSE_MS;
    this.#isBusy = true;
    try {
      const ack = await this.#host.connection.request(event, { roomId: this.#host.roomId(), seq });
      if (wanted === this.#wanted) this.#wanted = null;
      this.#host.acked(ack);
      // What was read before a message marked as unread may have waited for its pause until then.
      if (event === "room:unread" && !this.#wanted) this.markRead(readSeq!);
      if (!this.#isLive) return;
    } catch (error) {
      if (!this.#isLive) return;
      const { code, retryAfter = 0 } = error as EchoRoomError;
      pause = Math.max(pause, retryAfter * 1000);
      this.#isStranger = code === "forbidden";
      if (!isPassing(error as EchoRoomError) && wanted === this.#wanted) this.#wanted = null;
    }
    this.#timer = setTimeout(() => {
      this.#isBusy = false;
      if (this.#wanted) void this.#send();
    }, pause);
  }

  /** Counts the messages that are shown, if they begin at the position; else the newest of them. */
  #count(): Unread {
    if (!this.#known) return { count: 0, mentions: 0, readSeq: null };
    const readSeq = this.#wanted?.readSeq ?? this.#known.seq;
    const { main } = this.#host.timeline;
    const isCovered = !main.hasOlder.get() || main.first()!.seq! <= readSeq + 1;
    const after = isCovered ? readSeq : this.#countedSeq;
    const news = main.messages.get().filter((message) => this.#isUnread(message, after));
    const { unread, mentions } = isCovered ? { unread: 0, mentions: 0 } : this.#known;
    const mentioned = news.filter((message) => this.#isMention(message)).length;
    return {
      count: Math.min(MAX_COUNT, unread + news.length),
      mentions: Math.min(MAX_COUNT, mentions + mentioned),
      readSeq,
    };
  }

  #isUnread({ seq, sender, system, deletedAt }: ChatMessage, after: number): boolean {
    if (seq === null || seq <= after || system || deletedAt !== null) return false;
    return sender.id !== this.#host.self()?.id;
  }

  #isMention({ mentions, mentionsRoom, replyTo }: ChatMessage): boolean {
    const self = this.#host.self()!.id;
    const answered = replyTo === null ? undefined : this.#host.timeline.find(replyTo);
    return mentionsRoom || mentions.includes(self) || answered?.sender.id === self;
  }
}
