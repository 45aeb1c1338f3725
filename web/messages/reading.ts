/** Where the user is in a room's messages: what is on the screen, what they have read, where they are led. */
import { batch, effect, type ReadonlySignal, signal } from "@preact/signals";
import type { ChatMessage, EchoRoomError, Room } from "../../src/client/mod.ts";
import { isLooking, watchLooking } from "../looking.ts";
import type { Notice } from "../notice.ts";
import { signalOf } from "../observed.ts";

/** Beyond so many pages of unread messages the room opens at the oldest of these. */
const MAX_UNREAD_PAGES = 10;

export interface ReadingOptions {
  room: Room;
  messages: ReadonlySignal<readonly ChatMessage[]>;
  notice: Notice;
  /** Whether the user belongs to the room; null while that is not known. */
  isMember(): boolean | null;
}

/** Where the list of messages is to be scrolled to. */
export type Target = { at: "unread" } | { at: "message"; key: string };

export class Reading {
  /** Up to which entry the user had read the room when it was opened; null if nothing was unread. */
  readonly unreadAfter = signal<number | null>(null);
  /** Where to scroll once; null for nowhere. */
  readonly target = signal<Target | null>(null);
  /** The key of the message that a link led to. */
  readonly found = signal<string | null>(null);
  /** Why a link led to nothing; `""` for none that did. */
  readonly linkFault = signal("");
  /** Whether the newest message is on the screen: then the list scrolls along. */
  readonly isAtNewest = signal(true);
  /** The last entry that was on the screen. */
  readonly seenSeq = signal(0);

  readonly #options: ReadingOptions;
  /** Whether it is known where the user has stopped reading. */
  readonly #isPlaced = signal(false);
  #isPlacing = false;
  /** The user has marked a message unread: what is seen is not read until the room is opened again. */
  #staysUnread = false;
  readonly #ends: (() => void)[] = [];

  constructor(options: ReadingOptions) {
    this.#options = options;
    this.#ends.push(effect(() => this.#place()));
    this.#ends.push(watchLooking((isLooking) => this.#lookChanged(isLooking)));
    this.#ends.push(effect(() => this.#markNewest()));
  }

  /** Shows a message, however far back it is. */
  async goTo(messageId: string): Promise<void> {
    const { room } = this.#options;
    this.linkFault.value = "";
    try {
      await this.#isLive();
      await room.loadAround(messageId);
    } catch (error) {
      const { code, message } = error as EchoRoomError;
      const isMissing = code === "message_not_found" || code === "validation_failed";
      this.linkFault.value = isMissing ? "There is no such message in this room." : message;
      return;
    }
    const message = room.find(messageId);
    if (!message) return;
    if (message.deletedAt !== null) this.linkFault.value = "This message was deleted.";
    batch(() => {
      this.isAtNewest.value = false;
      this.found.value = message.key;
      this.target.value = { at: "message", key: message.key };
    });
  }

  /** The message, and all after it, are unread again, on all devices. */
  markUnread(message: ChatMessage): void {
    const { room, notice } = this.#options;
    this.#staysUnread = true;
    this.unreadAfter.value = message.seq! - 1;
    try {
      room.markUnread(message);
    } catch (error) {
      notice.sayError(error as Error);
    }
  }

  /** Scrolls to the newest message, and along with those that follow. */
  toNewest(): void {
    this.isAtNewest.value = true;
  }

  /** Everything up to this entry is, or was, on the screen. */
  sees(seq: number): void {
    if (seq > this.seenSeq.peek()) this.seenSeq.value = seq;
    const isRead = this.#isPlaced.peek() && isLooking() && !this.#staysUnread;
    if (isRead) this.#options.room.markRead(seq);
  }

  close(): void {
    for (const end of this.#ends) end();
  }

  #isLive(): Promise<void> {
    const { state } = this.#options.room;
    const isLive = () => state.get().status === "live";
    if (isLive()) return Promise.resolve();
    return new Promise((resolve) => {
      const end = state.subscribe(() => {
        if (!isLive()) return;
        end();
        resolve();
      });
      this.#ends.push(end);
    });
  }

  /** Finds where the user has stopped reading, once that is known. */
  #place(): void {
    const { room, isMember } = this.#options;
    const { status } = signalOf(room.state).value;
    const { readSeq, count } = signalOf(room.unread).value;
    if (this.#isPlaced.value || this.#isPlacing || status !== "live") return;
    if (readSeq === null && isMember() !== false) return;
    if (count === 0 || readSeq === null) this.#isPlaced.value = true;
    else void this.#openAt(readSeq);
  }

  async #openAt(readSeq: number): Promise<void> {
    this.#isPlacing = true;
    const { room } = this.#options;
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
    const isSeen = this.#isPlaced.value && this.isAtNewest.value && isLooking();
    const { room, messages } = this.#options;
    // Read anew with each message.
    if (messages.value && isSeen) this.sees(room.cursor);
  }

  #lookChanged(isLooking: boolean): void {
    const { room } = this.#options;
    const { readSeq, count } = room.unread.get();
    if (isLooking && count === 0) this.unreadAfter.value = null;
    if (!this.isAtNewest.peek()) return;
    if (isLooking) this.sees(room.cursor);
    else this.unreadAfter.value = readSeq;
  }
}
