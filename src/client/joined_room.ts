/** What the client does for one {@linkcode Room}: messages, what its user does, who is there. */
import type { ServerEvents } from "../protocol/wire/events.ts";
import { PAGE_SIZE } from "../protocol/wire/limits.ts";
import type { Room as RoomInfo } from "../protocol/wire/rooms.ts";
import type { PublicUser } from "../protocol/wire/users.ts";
import { type ChatMessage, keyOf, type MessageRef } from "./chat_message.ts";
import type { Ack, Change, Edit, Unsent } from "./commands.ts";
import { closed, failure, noMessage } from "./errors.ts";
import { handle, type RoomEventListeners } from "./events.ts";
import { type EntryFrame, isEntry, messageOf, type ServerFrame } from "./frames.ts";
import { Listeners } from "./listeners.ts";
import { type Observable, Observed } from "./observable.ts";
import { OnlineUsers } from "./online_users.ts";
import type { Progress } from "./outbox.ts";
import { newId } from "./platform.ts";
import { Pins } from "./pins.ts";
import { Reading, type Unread } from "./reading.ts";
import type {
  Attendance,
  Recovery,
  Room,
  RoomEventHandler,
  RoomEvents,
  RoomState,
  SendOptions,
} from "./room.ts";
import type { Place, RoomHost } from "./room_host.ts";
import { Subscription } from "./subscription.ts";
import { LiveThread, type Thread } from "./thread.ts";
import { Timeline } from "./timeline.ts";
import type { ViewHost } from "./view_host.ts";
import { OthersTyping, OwnTyping } from "./typing.ts";

export class JoinedRoom implements Room {
  readonly name: string;
  readonly info: Observed<RoomInfo | null> = new Observed<RoomInfo | null>(() => null);
  readonly capabilities: Observed<readonly string[]> = new Observed<readonly string[]>(() => []);
  readonly state: Observable<RoomState>;
  readonly messages: Observable<readonly ChatMessage[]>;
  readonly hasOlder: Observable<boolean>;
  readonly #online = new OnlineUsers();
  readonly online: Observable<Attendance> = this.#online.observed;
  readonly #othersTyping = new OthersTyping();
  readonly typing: Observable<readonly PublicUser[]> = this.#othersTyping.observed;
  readonly recovery: Observable<Recovery | null>;
  readonly unread: Observed<Unread>;
  readonly pins: Observable<readonly ChatMessage[] | null>;

  readonly #host: RoomHost;
  readonly timeline: Timeline;
  readonly subscription: Subscription;
  readonly reading: Reading;
  /** What its parts need. */
  readonly #parts: ViewHost;
  readonly events: RoomEventListeners = new Listeners();
  readonly #ownTyping = new OwnTyping((event) => {
    this.#host.connection.emit(event, { roomId: this.id });
  });

  /** Whether the room is on the screen of this handle's holder. */
  isPresent: boolean;

  constructor(name: string, isPresent: boolean, host: RoomHost) {
    this.name = name;
    this.isPresent = isPresent;
    this.#host = host;
    const timeline = this.timeline = new Timeline(host.self, (type, message, change) => {
      this.events.call(type, message ? [message, this, change] : [this]);
    });
    const parts = {
      ...host,
      timeline,
      roomId: () => this.id,
      isLive: () => this.subscription.status === "live",
      isPresent: () => host.isPresent(this),
      joined: (answer: ServerEvents["room:joined"]) => this.#joined(answer),
      updated: (place: Place) => this.#update(place),
      refused: () => {
        this.#forgetOthers();
        this.capabilities.set([]);
      },
      live: (isLive: boolean) => {
        if (isLive) this.reading.start();
        else this.reading.stop();
        pins.load();
      },
    };
    this.#parts = parts;
    const pins = new Pins(parts);
    this.subscription = new Subscription(parts);
    this.reading = new Reading(parts);
    this.pins = pins.observed;
    this.unread = this.reading.unread;
    this.state = this.subscription.state;
    this.recovery = this.subscription.recovery;
    this.messages = timeline.main.messages;
    this.hasOlder = timeline.main.hasOlder;
  }

  get id(): string {
    return this.info.get()?.id ?? this.name;
  }

  get cursor(): number {
    return this.timeline.cursor.seq;
  }

  on<T extends keyof RoomEvents>(type: T, handler: RoomEventHandler<T>): () => void {
    return handle(this.events, type, handler);
  }

  send(text: string, options?: SendOptions): Promise<Ack> {
    return this.#send(text, options);
  }

  async #send(
    text: string,
    { replyTo, files, ...options }: SendOptions = {},
    clientMessageId: string = newId(),
  ): Promise<Ack> {
    if (this.#isOver) throw closed();
    const { id, sendId } = replyTo === undefined ? {} : this.#targetOf(replyTo);
    const { mentions, mentionsRoom, metadata, attachments } = options;
    const content = { text, replyTo: id, mentions, mentionsRoom, metadata, attachments };
    this.#ownTyping.end();
    return await this.#host.perform(this, { ...content, sendId, clientMessageId }, files) as Ack;
  }

  reply(message: MessageRef, text: string, options?: SendOptions): Promise<Ack> {
    return this.send(text, { ...options, replyTo: message });
  }

  edit(message: MessageRef, text?: string, options?: Omit<Edit, "text">): Promise<void> {
    return this.#change(message, { event: "message:edit", text, ...options });
  }

  async delete(message: MessageRef): Promise<void> {
    const shown = this.timeline.find(message);
    if (shown && this.discard(shown)) return;
    await this.#change(message, { event: "message:delete" });
  }

  react(message: MessageRef, emoji: string): Promise<void> {
    return this.#change(message, { event: "reaction:add", emoji });
  }

  unreact(message: MessageRef, emoji: string): Promise<void> {
    return this.#change(message, { event: "reaction:remove", emoji });
  }

  pin(message: MessageRef): Promise<void> {
    return this.#change(message, { event: "message:pin" });
  }

  unpin(message: MessageRef): Promise<void> {
    return this.#change(message, { event: "message:unpin" });
  }

  thread(message: MessageRef): Thread {
    const { id } = this.#targetOf(this.find(message)?.threadId ?? message);
    if (!id) throw noMessage();
    return new LiveThread(id, this.#parts);
  }

  async retry(message: ChatMessage): Promise<Ack> {
    if (this.#isOver) throw closed();
    // What it answers may have been sent again meanwhile, or must be before it.
    const replyTo = this.find(message)?.replyTo ?? undefined;
    if (replyTo) this.#targetOf(replyTo);
    const id = newId();
    if (!this.timeline.discard(message.key, keyOf(message.sender, id))) {
      throw failure("validation_failed", "It has not failed.");
    }
    return await this.#send(message.text, { ...message, replyTo }, id);
  }

  discard(message: ChatMessage): boolean {
    return this.timeline.discard(message.key);
  }

  find(message: MessageRef | null): ChatMessage | undefined {
    return message === null ? undefined : this.timeline.find(message);
  }

  markRead(seq: number = this.cursor): void {
    this.reading.markRead(seq);
  }

  markUnread(message: MessageRef): void {
    const seq = this.timeline.find(message)?.seq;
    if (!seq) throw noMessage();
    this.reading.markUnread(seq);
  }

  setPresent(isPresent: boolean): void {
    this.isPresent = isPresent;
    this.subscription.updatePresence();
  }

  async loadOlder(): Promise<boolean> {
    const { main } = this.timeline;
    if (!main.first()) return false;
    return await main.loadOlder((before) => {
      return this.#host.api.readMessages(this.id, { before, limit: PAGE_SIZE });
    });
  }

  async loadAround(messageId: string): Promise<void> {
    const { seq } = await this.#host.api.readMessage(this.id, messageId);
    while ((this.timeline.main.first()?.seq ?? 0) > seq && await this.loadOlder());
  }

  forgetOlder(keep: number): void {
    this.reading.settle();
    this.timeline.main.forgetOlder(keep);
  }

  keystroke(): void {
    if (this.subscription.status !== "live") return;
    this.#ownTyping.keystroke();
  }

  stopTyping(): void {
    this.#ownTyping.stop();
  }

  leave(): void {
    this.#host.release(this);
  }

  /** The connection was lost: presence and typing are no longer current. */
  suspend(): void {
    this.#forgetOthers();
    this.subscription.suspend();
  }

  /** The last holder has left the room. */
  close(): void {
    this.suspend();
    this.subscription.close();
  }

  /** The session has ended: the next user must not see its messages. */
  end(): void {
    this.close();
    this.reading.clear();
    this.timeline.clear();
  }

  /** Takes an event of the room. An entry that this client does not know only moves the cursor. */
  receive(frame: ServerFrame): void {
    if (isEntry(frame)) return this.#takeEntry(frame);
    const { event, data } = frame;
    // The server says why, or lets it in again.
    if (event === "room:removed") void this.subscription.enter();
    if (event === "room:updated") {
      this.#update(data);
      // What only members may: the user may have become one.
      const isMember = data.capabilities.includes("message.delete_own");
      if (isMember && !this.reading.isMember) this.reading.ask();
    }
    if (event === "typing:update") this.#othersTyping.update(data.user, data.isTyping);
    if (event === "presence:update" && this.#online.update(data)) this.subscription.reload();
    if (event === "read:update") this.events.call("read", [data, this]);
  }

  /** Shows what has become of something that the user has done. */
  report(unsent: Unsent, progress: Progress): void {
    this.timeline.update(unsent, progress);
    // Sending makes one a member.
    if (progress.state === "sent" && !this.reading.isMember) this.reading.ask();
  }

  /** Rooms are also left by a sign-out, for which there is a more specific error. */
  get #isOver(): boolean {
    return this.subscription.status === "left" && this.#host.self() !== null;
  }

  /** Presence and typing are not current. */
  #forgetOthers(): void {
    this.#ownTyping.end();
    this.#online.clear();
    this.#othersTyping.clear();
  }

  #takeEntry({ event, data }: EntryFrame): void {
    const { seq, entryId = null } = data;
    this.timeline.receive({ seq, id: entryId }, messageOf(event, data), data);
    if (this.timeline.isBehind) void this.subscription.check();
  }

  async #change(message: MessageRef, change: DistributedOmit<Change, "messageId">): Promise<void> {
    if (this.#isOver) throw closed();
    const { id = null, ...target } = this.#targetOf(message);
    await this.#host.perform(this, { change: { ...change, messageId: id }, ...target });
  }

  /**
   * The id of a message, or how it is sent.
   * @throws {EchoRoomError} `message_not_found`
   */
  #targetOf(message: MessageRef): { id?: string; sendId?: string } {
    const shown = this.timeline.find(message);
    const id = shown ? shown.id : typeof message === "string" ? message : message.id;
    if (id !== null) return { id };
    if (shown && shown.state !== "failed") return { sendId: shown.clientMessageId };
    throw noMessage();
  }

  #update({ room, capabilities }: Place): void {
    this.info.set(room);
    this.capabilities.set(capabilities);
  }

  #joined(answer: ServerEvents["room:joined"]): void {
    this.#update(answer);
    // Nobody tells of those who come and go.
    if (this.#host.isPresent(this)) this.#online.join(answer);
    else this.#online.clear();
    for (const unsent of this.#host.unsent(this)) this.timeline.show(unsent);
  }
}

/** `Omit` for each part of a union. */
type DistributedOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
