/** One room kept current: joined again after every loss, its log without a gap. */
import type { ServerEvents } from "../protocol/wire/events.ts";
import { PAGE_SIZE } from "../protocol/wire/limits.ts";
import type { Room as RoomInfo } from "../protocol/wire/rooms.ts";
import type { PublicUser } from "../protocol/wire/users.ts";
import type { Api } from "./api.ts";
import type { Connection } from "./connection.ts";
import type { ChatMessage } from "./chat_message.ts";
import { closed, type EchoRoomError, notFailed } from "./errors.ts";
import type { EntryFrame, Notice } from "./frames.ts";
import { type Observable, Observed } from "./observable.ts";
import { OnlineUsers } from "./online_users.ts";
import type { Ack, Progress } from "./outbox.ts";
import type { Attendance, Recovery, Room, RoomState } from "./room.ts";
import { Timeline } from "./timeline.ts";
import { backoffMs, type Timing } from "./timing.ts";
import { OthersTyping, OwnTyping } from "./typing.ts";
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

/** What the client does for one {@linkcode Room}. */
export class JoinedRoom implements Room {
  readonly name: string;
  readonly info: Observed<RoomInfo | null> = new Observed(() => this.#info);
  readonly state: Observed<RoomState> = new Observed(() => this.#state);
  readonly messages: Observable<readonly ChatMessage[]>;
  readonly hasOlder: Observable<boolean>;
  readonly online: Observable<Attendance>;
  readonly typing: Observable<readonly PublicUser[]>;
  readonly recovery: Observed<Recovery | null> = new Observed(() => this.#recovery);

  readonly #host: RoomHost;
  readonly #timeline = new Timeline();
  readonly #online = new OnlineUsers();
  readonly #othersTyping = new OthersTyping();
  readonly #ownTyping = new OwnTyping((event) => {
    this.#host.connection.emit(event, { roomId: this.id });
  });
  #info: RoomInfo | null = null;
  #state: RoomState = { status: "waiting" };
  #recovery: Recovery | null = null;
  /** Counts the attempts to join: answers to an older one are ignored. */
  #attempt = 0;
  #recovering = false;
  /** Refusals since the room was last entered. */
  #refusals = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #older: Promise<boolean> | null = null;

  constructor(name: string, host: RoomHost) {
    this.name = name;
    this.#host = host;
    this.messages = this.#timeline.messages;
    this.hasOlder = this.#timeline.hasOlder;
    this.online = this.#online.observed;
    this.typing = this.#othersTyping.observed;
  }

  get id(): string {
    return this.#info?.id ?? this.name;
  }

  get cursor(): number {
    return this.#timeline.cursor.seq;
  }

  send(text: string): Promise<Ack> {
    if (this.#isOver) return Promise.reject(closed());
    this.#ownTyping.end();
    return this.#host.send(this, text);
  }

  retry(message: ChatMessage): Promise<Ack> {
    if (this.#isOver) return Promise.reject(closed());
    if (this.discard(message)) return this.send(message.text);
    return Promise.reject(notFailed());
  }

  discard(message: ChatMessage): boolean {
    return this.#timeline.discard(message.key);
  }

  loadOlder(): Promise<boolean> {
    this.#older ??= this.#loadOlder().finally(() => this.#older = null);
    return this.#older;
  }

  forgetOlder(keep: number): void {
    this.#timeline.forgetOlder(keep);
  }

  keystroke(): void {
    if (this.#state.status !== "live") return;
    this.#ownTyping.keystroke();
  }

  stopTyping(): void {
    this.#ownTyping.stop();
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
    this.#ownTyping.end();
    this.#online.clear();
    this.#othersTyping.clear();
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
    this.#timeline.clear();
  }

  /** Takes a live entry of the room's log. One of an unknown event only moves the cursor. */
  receive({ event, data }: EntryFrame): void {
    const { seq, entryId = null } = data;
    const message = MESSAGE_EVENTS.has(event) ? data.message : undefined;
    this.#timeline.receive({ seq, id: entryId }, message);
    if (this.#timeline.isBehind) this.check();
  }

  /** Takes presence and typing. */
  notice({ event, data }: Notice): void {
    if (event === "typing:update") this.#othersTyping.update(data.user, data.isTyping);
    else if (this.#online.update(data)) this.#reloadOnline();
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
  }

  /** Shows an unsent message of the user's own, if it is not shown yet. */
  show({ text, clientMessageId, createdAt }: Unsent): void {
    const sender = this.#host.self();
    if (!sender) return;
    this.#timeline.draft({ sender, text, clientMessageId, createdAt });
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
    this.info.changed();
    this.#online.join(answer);
    const added = this.#timeline.join(answer);
    for (const message of this.#host.unsent(this)) this.show(message);
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
      });
    }
    if (attempt !== this.#attempt) return;
    this.#recovering = false;
    if (added > 0 || reset || this.#state.status !== "live") this.#recovered(added, reset);
  }

  #recovered(messages: number, reset: boolean): void {
    this.#recovery = { messages, reset };
    this.recovery.changed();
  }

  #reloadOnline(): void {
    const attempt = this.#attempt;
    this.#request("room:join", { roomId: this.id }, (answer) => {
      if (attempt === this.#attempt) this.#joined(answer);
    }).catch(() => {});
  }

  async #loadOlder(): Promise<boolean> {
    const hasMore = await this.#timeline.loadOlder((before) => {
      return this.#host.api.readMessages(this.id, { before, limit: PAGE_SIZE });
    });
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

  #become(state: RoomState): void {
    if (state.status === this.#state.status && state.status !== "failed") return;
    if (state.status === "live") this.#refusals = 0;
    this.#state = state;
    this.state.changed();
  }

  get #request(): Connection["request"] {
    const { connection } = this.#host;
    return (event, data, take) => connection.request(event, data, take);
  }
}

function placeOf({ id, seq, createdAt }: Ack): Partial<ChatMessage> {
  return { id, seq, changedSeq: seq, createdAt, updatedAt: createdAt };
}
