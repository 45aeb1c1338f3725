/** A room that is on the screen: what it shows, and what its user is about to do in it. */
import { batch, computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import type { ChatMessage, Room, RoomState } from "../src/client/mod.ts";
import { addressOf } from "./address.ts";
import type { Drafts } from "./drafts.ts";
import type { Notice } from "./notice.ts";
import { signalOf } from "./observed.ts";

/** Above this many messages older ones are removed, so that a room may be open for days. */
const MAX_MESSAGES = 400;
const KEPT_MESSAGES = 200;
/** Beyond so many pages of unread messages the room opens at the oldest of these. */
const MAX_UNREAD_PAGES = 10;

export interface OpenRoomOptions {
  room: Room;
  drafts: Drafts;
  notice: Notice;
  /** The address of the link back on narrow screens; without it there is no link. */
  back?: string;
  /** The user's. */
  userId(): string | undefined;
  /** Whether the user belongs to the room; null while that is not known. */
  isMember(): boolean | null;
}

/** Where the list of messages is to be scrolled to. */
export type Target = { at: "unread" } | { at: "message"; key: string };

export class OpenRoom {
  readonly room: Room;
  readonly drafts: Drafts;
  readonly notice: Notice;
  readonly back: string | undefined;

  readonly messages: ReadonlySignal<readonly ChatMessage[]>;
  /** Up to which entry the user had read the room when it was opened; null if nothing was unread. */
  readonly unreadAfter = signal<number | null>(null);
  /** Where to scroll once; null for nowhere. */
  readonly target = signal<Target | null>(null);
  /** Whether the newest message is on the screen: then the list scrolls along. */
  readonly isAtNewest = signal(true);
  /** The last entry that was on the screen. */
  readonly seenSeq = signal(0);
  /** When the server takes the next of the messages that wait, if it has refused one. */
  readonly retryAt: ReadonlySignal<number | undefined>;

  readonly #options: OpenRoomOptions;
  /** Whether it is known where the user has stopped reading. */
  readonly #isPlaced = signal(false);
  #isPlacing = false;
  readonly #ends: (() => void)[] = [];

  constructor(options: OpenRoomOptions) {
    const { room, drafts, notice, back } = this.#options = options;
    this.room = room;
    this.drafts = drafts;
    this.notice = notice;
    this.back = back;
    this.messages = signalOf(room.messages);
    this.retryAt = computed(() => this.#findRetry());
    this.#ends.push(effect(() => this.#place()), effect(() => this.#cutBack()));
    this.#listen(document, "visibilitychange", () => this.#visibilityChanged());
    this.#ends.push(effect(() => this.#markNewest()));
    this.#ends.push(room.recovery.subscribe(() => notice.sayRecovered(room)));
  }

  get userId(): string | undefined {
    return this.#options.userId();
  }

  /** Scrolls to the newest message, and along with those that follow. */
  toNewest(): void {
    this.isAtNewest.value = true;
  }

  /** Copies the address of the room, or of one of its messages. */
  async copyLink(messageId = ""): Promise<void> {
    const { slug } = this.room.info.get()!;
    const link = new URL(addressOf(slug, messageId), location.href).href;
    const what = messageId ? "The link to the message" : "The link to this room";
    const use = messageId ? "" : ": whoever signs in here may join";
    try {
      await navigator.clipboard.writeText(link);
      this.notice.say(`${what} is copied${use}.`);
    } catch {
      // Forbidden, as over plain http.
      this.notice.say(`${what}: ${link}`);
    }
  }

  /** Everything up to this entry is, or was, on the screen. */
  sees(seq: number): void {
    if (seq > this.seenSeq.peek()) this.seenSeq.value = seq;
    if (this.#isPlaced.peek() && !document.hidden) this.room.markRead(seq);
  }

  close(): void {
    for (const end of this.#ends) end();
    this.room.stopTyping();
    this.room.setPresent(false);
    this.room.leave();
  }

  #listen(target: EventTarget, event: string, listener: () => void): void {
    target.addEventListener(event, listener);
    this.#ends.push(() => target.removeEventListener(event, listener));
  }

  #findRetry(): number | undefined {
    if (signalOf(this.room.state).value.status !== "live") return undefined;
    const isDelayed = ({ state, retryAt }: ChatMessage) => state === "queued" && retryAt;
    return this.messages.value.find(isDelayed)?.retryAt;
  }

  /** Finds where the user has stopped reading, once that is known. */
  #place(): void {
    const { status } = signalOf(this.room.state).value;
    const { readSeq, count } = signalOf(this.room.unread).value;
    if (this.#isPlaced.value || this.#isPlacing || status !== "live") return;
    if (readSeq === null && this.#options.isMember() !== false) return;
    if (count === 0 || readSeq === null) this.#isPlaced.value = true;
    else void this.#openAt(readSeq);
  }

  async #openAt(readSeq: number): Promise<void> {
    this.#isPlacing = true;
    const { room } = this;
    const isLoaded = () => room.messages.get().some(({ seq }) => seq !== null && seq <= readSeq);
    for (let page = 0; page < MAX_UNREAD_PAGES && !isLoaded(); page++) {
      if (!await room.loadOlder().catch(() => false)) break;
    }
    batch(() => {
      this.isAtNewest.value = false;
      this.unreadAfter.value = readSeq;
      this.target.value = { at: "unread" };
      this.#isPlaced.value = true;
    });
  }

  #markNewest(): void {
    const isSeen = this.#isPlaced.value && this.isAtNewest.value && !document.hidden;
    // Read anew with each message.
    if (this.messages.value && isSeen) this.sees(this.room.cursor);
  }

  #visibilityChanged(): void {
    const { readSeq, count } = this.room.unread.get();
    if (document.hidden) {
      if (this.isAtNewest.peek()) this.unreadAfter.value = readSeq;
    } else {
      if (count === 0) this.unreadAfter.value = null;
      if (this.isAtNewest.peek()) this.sees(this.room.cursor);
    }
  }

  #cutBack(): void {
    const { length } = this.messages.value;
    if (length > MAX_MESSAGES && this.isAtNewest.value) this.room.forgetOlder(KEPT_MESSAGES);
  }
}

/** Whether the server has no such room. */
export function isMissing(state: RoomState): boolean {
  return state.status === "failed" && state.error.code === "room_not_found";
}
