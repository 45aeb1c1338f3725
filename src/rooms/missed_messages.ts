/** What a socket missed in a room: the messages of the entries after its cursor, folded. */
import { Buffer } from "node:buffer";
import type { Entry } from "../domain/entry.ts";
import type { Message } from "../domain/message.ts";
import { MISSED_MESSAGES } from "../protocol/wire/limits.ts";
import type { RecentProfiles } from "./recent_profiles.ts";
import { render, type RenderedMessage, withSender } from "./rendered_message.ts";

/** Bytes of messages in one answer; well below what may wait unsent in a socket. */
const MAX_BYTES = 256 * 1024;
/** UTF-16 units of the messages that those of an answer reply to. */
const MAX_REFERENCED_LENGTH = 128 * 1024;
/** Entries that one answer covers at most: they may all change the same few messages. */
const MAX_ENTRIES = 20_000;

/** Takes entries in their order until one has no space. */
export class MissedMessages {
  /** The last entry covered. */
  lastSeq: number;
  /** Its id; null if it is that of the cursor. */
  lastEntryId: string | null = null;
  /** Whether there was no space for an entry. */
  isFull = false;
  /** In the order of the entries that changed them last, as far as covered. */
  readonly #messages = new Map<string, RenderedMessage>();
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
    for (const each of rendered) this.#put(each);
    this.lastSeq = head;
    this.lastEntryId = headId;
    return true;
  }

  /** The messages as they are sent, by the entry that changed each last. */
  get rendered(): RenderedMessage[] {
    return [...this.#messages.values()].toSorted(byChange);
  }

  /** As `rendered`. */
  get messages(): Message[] {
    return this.rendered.map(({ message }) => message);
  }

  /** Shows senders as they are now that changed after `since` (see `RecentProfiles`). */
  showSenders(profiles: RecentProfiles, since: number): void {
    for (const [id, rendered] of this.#messages) {
      const sender = profiles.changedSince(since, rendered.message.sender.id);
      if (sender) this.#messages.set(id, withSender(rendered, sender));
    }
  }

  #take(message: Message): boolean {
    if (++this.#entries > MAX_ENTRIES) return false;
    const known = this.#messages.get(message.id);
    if (known && known.message.changedSeq >= message.changedSeq) return true;
    const rendered = render(message);
    if (!known) {
      const { size } = this.#messages;
      const bytes = this.#bytes + bytesOf(rendered);
      if (size > 0 && (size >= this.#limit || bytes > MAX_BYTES)) return false;
    }
    this.#put(rendered);
    return true;
  }

  #put(rendered: RenderedMessage): void {
    const { id, changedSeq } = rendered.message;
    const known = this.#messages.get(id);
    if (known && known.message.changedSeq > changedSeq) return;
    this.#bytes += bytesOf(rendered) - (known ? bytesOf(known) : 0);
    this.#messages.set(id, rendered);
  }
}

/** Whether what the messages of an answer reply to takes too much: then it has to hold fewer. */
export function isTooMuch(referenced: readonly RenderedMessage[]): boolean {
  return referenced.reduce((sum, { text }) => sum + text.length, 0) > MAX_REFERENCED_LENGTH;
}

/** The order of the entries that changed messages last. */
export function byChange(a: RenderedMessage, b: RenderedMessage): number {
  return a.message.changedSeq - b.message.changedSeq;
}

function bytesOf({ text }: RenderedMessage): number {
  return Buffer.byteLength(text);
}
