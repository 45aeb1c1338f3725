/** The latest of a room: its last messages as they are now, and its last entries. */
import type { Entry } from "../domain/entry.ts";
import type { Message } from "../domain/message.ts";
import type { PublicUser } from "../domain/user.ts";
import type { Thread } from "../ports/store/messages.ts";
import { JOINED_MESSAGES } from "../protocol/wire/limits.ts";
import { render, type RenderedMessage, withSender } from "./rendered_message.ts";

/** Messages and entries are cut back to the smaller number when they pass the larger. */
const SIZE = { min: 64, max: 128 } as const;

/** What was read of a room up to one entry. */
export interface Loaded {
  /** The last entries, ascending, without a gap. */
  entries: readonly Entry[];
  /** The last `JOINED_MESSAGES` messages, ascending. */
  messages: readonly Message[];
  /** The answers to them, perhaps with some of entries that are still to come. */
  threads: ReadonlyMap<string, Thread>;
}

/**
 * Holds each message once, in its newest known state: an entry that changes one replaces it, so that
 * nothing older, such as a text that was deleted, stays.
 */
export class Window {
  /** The last entry applied; 0 before the first. */
  head = 0;
  /** Grows with every change of what it shows. */
  version = 0;
  /** The ids of the last entries up to `head`, ascending, without a gap. */
  #entryIds: string[] = [];
  /** The ids of their messages. */
  #changedIds: string[] = [];
  /** The ids of the last messages, in the order of their creation. */
  #latest: string[] = [];
  /** Of the last messages, and of those that the last entries changed. */
  readonly #messages = new Map<string, RenderedMessage>();
  readonly #threads = new Map<string, Thread>();

  /** Takes what was read, before the first entry is applied. */
  load({ entries, messages, threads }: Loaded): void {
    for (const message of messages) this.#show(message);
    this.#latest = messages.map(({ id }) => id);
    for (const [id, thread] of threads) this.#threads.set(id, thread);
    for (const { id, message } of entries) {
      this.#show(message);
      this.#entryIds.push(id);
      this.#changedIds.push(message.id);
    }
    this.version++;
    this.head = entries.at(-1)?.seq ?? 0;
  }

  /** Takes the entry after `head`. Returns its message in the newest state known. */
  apply({ id, seq, kind, message }: Entry): RenderedMessage {
    this.head = seq;
    this.version++;
    this.#entryIds.push(id);
    this.#changedIds.push(message.id);
    if (kind === "created") {
      this.#latest.push(message.id);
      this.#countAnswer(message);
    }
    const rendered = this.#show(message);
    if (Math.max(this.#entryIds.length, this.#latest.length) > SIZE.max) this.#trim();
    return rendered;
  }

  /** The id of entry `head`; null while the log is empty. */
  get headId(): string | null {
    return this.#entryIds.at(-1) ?? null;
  }

  /** The id of an entry; undefined if it is not in the window. */
  idOf(seq: number): string | undefined {
    return this.#entryIds[this.#entryIds.length - 1 - (this.head - seq)];
  }

  /** The last messages, as `room:joined` shows them. */
  latest(): RenderedMessage[] {
    return this.#latest.slice(-JOINED_MESSAGES).map((id) => this.#messages.get(id)!);
  }

  /**
   * The messages that the entries after `seq` made or changed, each once, by the last of these
   * entries; null if the window does not reach back that far.
   */
  after(seq: number): RenderedMessage[] | null {
    const first = this.head - this.#entryIds.length;
    if (seq < first || seq > this.head) return null;
    const ids = new Set<string>();
    for (const id of this.#changedIds.slice(seq - first)) {
      ids.delete(id);
      ids.add(id);
    }
    return Array.from(ids, (id) => this.#messages.get(id)!);
  }

  /** A message in its newest state; undefined if the window does not hold it. */
  find(id: string): RenderedMessage | undefined {
    return this.#messages.get(id);
  }

  /** A message in its state here; undefined if that is older than as it was read. */
  newest({ id, changedSeq }: Message): RenderedMessage | undefined {
    const known = this.find(id);
    return known && known.message.changedSeq >= changedSeq ? known : undefined;
  }

  /** The answers to messages that are among the last ones. */
  threads(messages: readonly Message[]): Map<string, Thread> {
    const known = messages.flatMap(({ id }): [string, Thread][] => {
      const thread = this.#threads.get(id);
      return thread ? [[id, thread]] : [];
    });
    return new Map(known);
  }

  /** The ids of all messages that it holds. */
  get ids(): string[] {
    return [...this.#messages.keys()];
  }

  /** Takes messages as they were read: each replaces what is not newer. */
  refresh(messages: readonly Message[]): void {
    for (const message of messages) if (this.#messages.has(message.id)) this.#show(message);
    this.version++;
  }

  /** Shows a sender as they are now. */
  showProfile(user: PublicUser): void {
    for (const [id, rendered] of this.#messages) {
      const isTheirs = rendered.message.sender.id === user.id;
      if (isTheirs) this.#messages.set(id, withSender(rendered, user));
    }
    this.version++;
  }

  #show(message: Message): RenderedMessage {
    const known = this.#messages.get(message.id);
    if (known && known.message.changedSeq > message.changedSeq) return known;
    const rendered = render(message);
    this.#messages.set(message.id, rendered);
    return rendered;
  }

  #countAnswer({ threadId, seq }: Message): void {
    if (threadId === null || !this.#messages.has(threadId)) return;
    const known = this.#threads.get(threadId);
    // What was read for the window may have counted it.
    if (known && known.lastSeq >= seq) return;
    this.#threads.set(threadId, { count: (known?.count ?? 0) + 1, lastSeq: seq });
  }

  #trim(): void {
    this.#entryIds = this.#entryIds.slice(-SIZE.min);
    this.#changedIds = this.#changedIds.slice(-SIZE.min);
    this.#latest = this.#latest.slice(-SIZE.min);
    const kept = new Set([...this.#latest, ...this.#changedIds]);
    for (const id of this.#messages.keys()) {
      if (kept.has(id)) continue;
      this.#messages.delete(id);
      this.#threads.delete(id);
    }
  }
}
