/** What a socket missed in a room: the messages of the entries after its cursor, folded. */
import { Buffer } from "node:buffer";
import type { Entry } from "../domain/entry.ts";
import type { Message } from "../domain/message.ts";
import { MISSED_MESSAGES } from "../protocol/wire/limits.ts";
import type { RecentProfiles } from "./recent_profiles.ts";
import { render, type RenderedMessage, withCurrentSenders } from "./rendered_message.ts";

/** Bytes of messages in one answer; well below what may wait unsent in a socket. */
const MAX_BYTES = 256 * 1024;
/** Entries that one answer covers at most: many may change one message. */
const MAX_ENTRIES = 2_000;

/** Takes entries in their order until one has no space. */
export class MissedMessages {
  /** The last entry covered. */
  lastSeq: number;
  /** Its id; null if it is that of the cursor. */
  lastEntryId: string | null = null;
  /** Whether there was no space for an entry. */
  isFull = false;
  /** In the order of the entries that changed them last, as far as covered. */
  readonly #messages = new Map<string, Message>();
  readonly #sizes = new Map<string, number>();
  #bytes = 0;
  #entries = 0;

  readonly #limit: number;

  /**
   * @param after the number of the entry that was seen last
   * @param limit of messages
   */
  constructor(after: number, limit = MISSED_MESSAGES) {
    this.lastSeq = after;
    this.#limit = limit;
  }

  /** Covers the next entries, as far as there is space. */
  add(entries: readonly Entry[]): void {
    for (const { seq, id, message } of entries) {
      if (!this.#take(message)) {
        this.isFull = true;
        return;
      }
      this.lastSeq = seq;
      this.lastEntryId = id;
    }
  }

  /**
   * Covers all entries up to the end of a window, whose messages these are.
   * @returns whether there was space
   */
  complete(
    rendered: readonly RenderedMessage[],
    { head, headId }: { head: number; headId: string | null },
  ): boolean {
    const news = rendered.filter(({ message: { id } }) => !this.#messages.has(id));
    const bytes = news.reduce((sum, each) => sum + bytesOf(each), this.#bytes);
    const count = this.#messages.size + news.length;
    if (count > this.#limit || (bytes > MAX_BYTES && count > 1)) return false;
    for (const each of rendered) this.#put(each.message, bytesOf(each));
    this.lastSeq = head;
    this.lastEntryId = headId;
    return true;
  }

  /** The messages, by the entry that changed each last. */
  get messages(): Message[] {
    return [...this.#messages.values()].toSorted((a, b) => a.changedSeq - b.changedSeq);
  }

  /** Shows senders as they are now that changed after `since` (see `RecentProfiles`). */
  showSenders(profiles: RecentProfiles, since: number): void {
    const current = withCurrentSenders([...this.#messages.values()], profiles, since);
    for (const message of current) this.#messages.set(message.id, message);
  }

  #take(message: Message): boolean {
    if (++this.#entries > MAX_ENTRIES) return false;
    const bytes = bytesOf(render(message));
    if (!this.#messages.has(message.id)) {
      const { size } = this.#messages;
      if (size > 0 && (size >= this.#limit || this.#bytes + bytes > MAX_BYTES)) return false;
    }
    this.#put(message, bytes);
    return true;
  }

  #put(message: Message, bytes: number): void {
    const known = this.#messages.get(message.id);
    if (known && known.changedSeq > message.changedSeq) return;
    this.#bytes += bytes - (this.#sizes.get(message.id) ?? 0);
    this.#sizes.set(message.id, bytes);
    this.#messages.set(message.id, message);
  }
}

function bytesOf({ text }: RenderedMessage): number {
  return Buffer.byteLength(text);
}
