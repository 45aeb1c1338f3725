/** One room kept current: joined again after every loss, its log without a gap, its users, typing. */
import type { ServerEvents } from "../protocol/wire/events.ts";
import { NAMED_ONLINE, PAGE_SIZE, TYPING_MS } from "../protocol/wire/limits.ts";
import type { Room as RoomInfo } from "../protocol/wire/rooms.ts";
import type { PublicUser } from "../protocol/wire/users.ts";
import type { Api } from "./api.ts";
import {
  backoffMs,
  type Connection,
  type EntryFrame,
  type Notice,
  type Timing,
} from "./connection.ts";
import { closed, type EchoRoomError, notFailed } from "./errors.ts";
import { type Observable, Observed } from "./observable.ts";
import type { Ack, Progress } from "./outbox.ts";
import type { Attendance, Recovery, Room, RoomState } from "./room.ts";
import { type ChatMessage, Timeline } from "./timeline.ts";
import type { Unsent } from "./unsent_store.ts";

/** What a room needs of the client around it. */
export interface RoomHost {
  readonly api: Api;
  readonly connection: Connection;
  readonly timing: Timing;
  /** Takes a message, and reports back by {@linkcode JoinedRoom.report}. */
  send(room: JoinedRoom, text: string): Promise<Ack>;
  /** The user; null before it is known. */
  self(): PublicUser | null;
  /** The room's unsent messages, under its id or slug. */
  unsent(room: JoinedRoom): Unsent[];
  /** The app has left the room. */
  release(room: JoinedRoom): void;
}

const RETRY_MS = 2_000;
/** Before the server ends it, and after it should have. */
const TYPING = { repeatMs: TYPING_MS / 2, endMs: TYPING_MS - 1_000, forgetMs: TYPING_MS + 2_000 };
/** Refusals that would be repeated until something has changed. */
const LASTING: ReadonlySet<string> = new Set([
  "room_not_found",
  "limit_reached",
  "validation_failed",
  "forbidden",
]);
/** Entries that carry the message which they create or change. */
const MESSAGE_EVENTS: ReadonlySet<string> = new Set([
  "message:new",
  "message:updated",
  "message:deleted",
]);
const NOBODY: Attendance = { count: null, users: [] };

/** What the client does for one {@linkcode Room}. */
export class JoinedRoom implements Room {
  readonly name: string;
  readonly info: Observable<RoomInfo | null>;
  readonly state: Observable<RoomState>;
  readonly messages: Observable<readonly ChatMessage[]>;
  readonly hasOlder: Observable<boolean>;
  readonly online: Observable<Attendance>;
  readonly typing: Observable<readonly PublicUser[]>;
  readonly recovery: Observable<Recovery | null>;

  readonly #host: RoomHost;
  #timeline = new Timeline();
  readonly #online = new Map<string, PublicUser>();
  readonly #typing = new Map<string, { user: PublicUser; timer: ReturnType<typeof setTimeout> }>();
  #info: RoomInfo | null = null;
  #state: RoomState = { status: "waiting" };
  #count: number | null = null;
  #recovery: Recovery | null = null;
  /** Counts the attempts to join: answers to an older one are ignored. */
  #attempt = 0;
  #recovering = false;
  /** Refusals since the room was last entered. */
  #refusals = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #typedAt = 0;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  #older: Promise<boolean> | null = null;
  #listed = 0;

  readonly #observed = {
    info: new Observed(() => this.#info),
    state: new Observed(() => this.#state),
    messages: new Observed(() => this.#timeline.list()),
    hasOlder: new Observed(() => this.#timeline.hasOlder),
    online: new Observed(() => this.#roster()),
    typing: new Observed(() => [...this.#typing.values()].map(({ user }) => user)),
    recovery: new Observed(() => this.#recovery),
  };

  constructor(name: string, host: RoomHost) {
    this.name = name;
    this.#host = host;
    ({
      info: this.info,
      state: this.state,
      messages: this.messages,
      hasOlder: this.hasOlder,
      online: this.online,
      typing: this.typing,
      recovery: this.recovery,
    } = this.#observed);
  }

  get id(): string {
    return this.#info?.id ?? this.name;
  }

  get cursor(): number {
    return this.#timeline.cursor.seq;
  }

  send(text: string): Promise<Ack> {
    if (this.#isOver) return Promise.reject(closed());
    this.#endTyping();
    return this.#host.send(this, text);
  }

  retry(message: ChatMessage): Promise<Ack> {
    if (this.#isOver) return Promise.reject(closed());
    if (this.discard(message)) return this.send(message.text);
    return Promise.reject(notFailed());
  }

  discard(message: ChatMessage): boolean {
    const isGone = this.#timeline.discard(message.key);
    if (isGone) this.#observed.messages.changed();
    return isGone;
  }

  loadOlder(): Promise<boolean> {
    this.#older ??= this.#loadOlder().finally(() => this.#older = null);
    return this.#older;
  }

  forgetOlder(keep: number): void {
    if (this.#timeline.forgetOlder(keep)) this.#changed();
  }

  keystroke(): void {
    if (this.#state.status !== "live") return;
    clearTimeout(this.#typingTimer);
    this.#typingTimer = setTimeout(() => this.stopTyping(), TYPING.endMs);
    if (Date.now() - this.#typedAt < TYPING.repeatMs) return;
    this.#typedAt = Date.now();
    this.#host.connection.emit("typing:start", { roomId: this.id });
  }

  stopTyping(): void {
    if (this.#typedAt === 0) return;
    this.#endTyping();
    this.#host.connection.emit("typing:stop", { roomId: this.id });
  }

  leave(): void {
    this.#host.release(this);
  }

  /** Joins the room, and recovers what was missed: the connection is online. */
  async enter(): Promise<void> {
    const attempt = ++this.#attempt;
    const isCurrent = () => attempt === this.#attempt;
    this.#recovering = false;
    clearTimeout(this.#retryTimer);
    // A failed room stays so until it is joined, so that its state does not flicker.
    if (this.#state.status !== "failed") this.#become({ status: "joining" });
    try {
      await this.#request("room:join", { roomId: this.id }, (answer) => {
        if (isCurrent()) this.#joined(answer);
      });
      if (isCurrent()) await this.#catchUp(attempt);
    } catch (error) {
      if (isCurrent()) this.#refused(error as EchoRoomError);
    }
  }

  /** Tries again at once if the room was refused. */
  retryEntering(): void {
    if (this.#state.status !== "failed") return;
    this.#refusals = 0;
    void this.enter();
  }

  /** The connection was lost: presence and typing are no longer current. */
  suspend(): void {
    this.#attempt++;
    this.#recovering = false;
    clearTimeout(this.#retryTimer);
    this.#endTyping();
    this.#online.clear();
    this.#count = null;
    for (const { timer } of this.#typing.values()) clearTimeout(timer);
    this.#typing.clear();
    this.#observed.online.changed();
    this.#observed.typing.changed();
    if (this.#state.status !== "left") this.#become({ status: "waiting" });
  }

  /** The last holder has left the room. */
  close(): void {
    this.suspend();
    this.#become({ status: "left" });
  }

  /** The session has ended: the next user must not see its messages. */
  end(): void {
    this.close();
    this.#timeline = new Timeline();
    this.#changed();
  }

  /** Takes a live entry of the room's log. One of an unknown event only moves the cursor. */
  receive({ event, data }: EntryFrame): void {
    const { seq, entryId = null } = data;
    const message = MESSAGE_EVENTS.has(event) ? data.message : undefined;
    const isNext = this.#timeline.receive({ seq, id: entryId }, message);
    if (this.#timeline.isBehind) this.check();
    if (isNext && message) this.#changed();
  }

  /** Takes presence and typing. */
  notice({ event, data }: Notice): void {
    if (event === "presence:update") this.#updateRoster(data);
    else this.#typed(data.user, data.isTyping);
  }

  /** Updates the state of one of the user's own messages. */
  report(message: Unsent, progress: Progress): void {
    const sender = this.#host.self();
    if (!sender) return;
    this.show(message);
    const change = progress.state === "sent"
      ? { state: progress.state, ...placeOf(progress.ack) }
      : progress;
    this.#timeline.update(sender, message.clientMessageId, change);
    this.#observed.messages.changed();
  }

  /** Shows an unsent message of the user's own, if it is not shown yet. */
  show({ text, clientMessageId, createdAt }: Unsent): void {
    const sender = this.#host.self();
    if (!sender) return;
    this.#timeline.draft({ sender, text, clientMessageId, createdAt });
    this.#observed.messages.changed();
  }

  /** Recovers what may be missing; the answer also shows that the connection works. */
  async check(): Promise<void> {
    if (this.#state.status !== "live") return;
    const attempt = this.#attempt;
    await this.#recover(attempt).catch((error) => {
      if (attempt === this.#attempt) this.#refused(error);
    });
  }

  /** Rooms are also left by a sign-out, for which there is a more specific error. */
  get #isOver(): boolean {
    return this.#state.status === "left" && this.#host.self() !== null;
  }

  #joined(answer: ServerEvents["room:joined"]): void {
    const isNew = this.#info === null;
    this.#info = answer.room;
    this.#observed.info.changed();
    this.#online.clear();
    for (const user of answer.online) this.#online.set(user.id, user);
    this.#count = answer.onlineCount;
    this.#observed.online.changed();
    this.#listed = Date.now();
    const added = this.#timeline.join(answer);
    for (const message of this.#host.unsent(this)) this.show(message);
    this.#changed();
    if (added === null) return void this.check();
    if (!isNew && this.#state.status !== "live") this.#recovered(added, false);
    this.#become({ status: "live" });
  }

  /** Recovers what a join did not show. */
  async #catchUp(attempt: number): Promise<void> {
    if (this.#state.status === "live") return;
    await this.#recover(attempt);
    if (attempt === this.#attempt) this.#become({ status: "live" });
  }

  /** Reads after the cursor until nothing is missing. */
  async #recover(attempt: number): Promise<void> {
    if (this.#recovering) return;
    this.#recovering = true;
    let [added, reset, again] = [0, false, true];
    while (again && attempt === this.#attempt) {
      const { seq: lastSeenSeq, id } = this.#timeline.cursor;
      const cursor = { roomId: this.id, lastSeenSeq, ...(id && { lastSeenEntryId: id }) };
      await this.#request("connection:recover", cursor, (page) => {
        if (attempt !== this.#attempt) return;
        added += this.#timeline.recover(page);
        reset ||= page.reset;
        // What is still missing after the last page was never in the log.
        if (!page.hasMore && this.cursor === lastSeenSeq) this.#timeline.caughtUp();
        again = page.hasMore || this.#timeline.isBehind;
        if (page.messages.length > 0 || page.reset) this.#changed();
      });
    }
    if (attempt !== this.#attempt) return;
    this.#recovering = false;
    if (added > 0 || reset || this.#state.status !== "live") this.#recovered(added, reset);
  }

  #recovered(messages: number, reset: boolean): void {
    this.#recovery = { messages, reset };
    this.#observed.recovery.changed();
  }

  #updateRoster({ joined, left, count }: ServerEvents["presence:update"]): void {
    for (const user of joined) this.#online.set(user.id, user);
    for (const { id } of left) this.#online.delete(id);
    this.#count = count;
    this.#observed.online.changed();
    // Above that number nobody is named: below it again the whole list is needed.
    if (count > NAMED_ONLINE || count === this.#online.size) return;
    if (Date.now() - this.#listed < RETRY_MS) return;
    this.#listed = Date.now();
    const attempt = this.#attempt;
    this.#request("room:join", { roomId: this.id }, (answer) => {
      if (attempt === this.#attempt) this.#joined(answer);
    }).catch(() => {});
  }

  #typed(user: PublicUser, isTyping: boolean): void {
    const known = this.#typing.get(user.id);
    if (!known && !isTyping) return;
    clearTimeout(known?.timer);
    this.#typing.delete(user.id);
    if (isTyping) {
      const timer = setTimeout(() => this.#typed(user, false), TYPING.forgetMs);
      this.#typing.set(user.id, { user, timer });
    }
    this.#observed.typing.changed();
  }

  #endTyping(): void {
    clearTimeout(this.#typingTimer);
    this.#typedAt = 0;
  }

  async #loadOlder(): Promise<boolean> {
    const hasMore = await this.#timeline.loadOlder((before) => {
      return this.#host.api.readMessages(this.id, { before, limit: PAGE_SIZE });
    });
    this.#changed();
    return hasMore;
  }

  #refused(error: EchoRoomError): void {
    // After a loss the client calls `enter` again.
    if (error.code === "disconnected") return;
    const isLasting = LASTING.has(error.code);
    if (isLasting) this.#become({ status: "failed", error });
    // The name itself is invalid.
    if (error.code === "validation_failed") return;
    const delay = isLasting ? backoffMs(this.#host.timing, this.#refusals++) : RETRY_MS;
    this.#retryTimer = setTimeout(() => this.enter(), (error.retryAfter ?? 0) * 1000 || delay);
  }

  #roster(): Attendance {
    if (this.#count === null) return NOBODY;
    const users = [...this.#online.values()];
    users.sort((a, b) => a.displayName.localeCompare(b.displayName));
    return { count: this.#count, users };
  }

  #changed(): void {
    this.#observed.messages.changed();
    this.#observed.hasOlder.changed();
  }

  #become(state: RoomState): void {
    if (state.status === this.#state.status && state.status !== "failed") return;
    if (state.status === "live") this.#refusals = 0;
    this.#state = state;
    this.#observed.state.changed();
  }

  get #request(): Connection["request"] {
    const { connection } = this.#host;
    return (event, data, take) => connection.request(event, data, take);
  }
}

function placeOf({ id, seq, createdAt }: Ack): Partial<ChatMessage> {
  return { id, seq, changedSeq: seq, createdAt, updatedAt: createdAt };
}
