/** A room's messages, or some of them, from the first one shown on without a gap; drafts come last. */
import type { Message, MessagesPage } from "../protocol/wire/messages.ts";
import type { PublicUser } from "../protocol/wire/users.ts";
import { byPlace, type ChatMessage, keyOf } from "./chat_message.ts";
import type { UnsentMessage } from "./commands.ts";
import { progressed } from "./drafts.ts";
import type { CameWith, Entry } from "./log_entry.ts";
import { MessageSet } from "./message_set.ts";
import { Observed } from "./observable.ts";
import type { Progress } from "./outbox.ts";

/** What a list needs of the timeline around it. */
export interface ListHost {
  self(): PublicUser | null;
  /** The last entry up to which nothing is missing. */
  readonly cursor: Entry;
  /** Messages with the user's own changes that are on their way. */
  withOwnChanges(messages: ChatMessage[]): ChatMessage[];
  /** Keeps messages that others answer. */
  refer(messages: readonly Message[] | undefined): void;
}

/** A page of older messages. */
export type OlderPage = Pick<MessagesPage, "messages" | "mine" | "referenced" | "hasMore">;

export class MessageList {
  /** In the order of the log, then the drafts in the order in which they were written. */
  readonly messages: Observed<readonly ChatMessage[]> = new Observed(() => {
    return this.#host.withOwnChanges(this.#all());
  });
  /** Whether there are older messages than those shown. */
  readonly hasOlder: Observed<boolean> = new Observed(() => {
    return (this.first()?.seq ?? 1) > this.#beginning;
  });
  /** As they are in the log, and the drafts. */
  readonly set: MessageSet;

  /** The `seq` of the first message that the server still has, as far as it is known. */
  #beginning: number;
  /** Changes of messages older than those shown, while a page of these is on its way; else null. */
  #olderChanges: (() => void)[] | null = null;
  #older: Promise<boolean> | null = null;
  readonly #host: ListHost;
  /** Of the message that the others answer; undefined for all messages of the room. */
  readonly #rootId: string | undefined;

  /** @param rootId for the list of a thread; its root is kept, too, but not shown */
  constructor(host: ListHost, rootId?: string) {
    this.#host = host;
    this.#rootId = rootId;
    this.set = new MessageSet(host.self);
    this.#beginning = this.#lowest;
  }

  /** Whether a page of older messages is on its way, which may show any of them as it was before. */
  get isLoading(): boolean {
    return this.#olderChanges !== null;
  }

  /** The oldest message that the server has. */
  first(): ChatMessage | undefined {
    let first: ChatMessage | undefined;
    // Asked for with each entry: sorting them would cost more.
    for (const message of this.set.values()) {
      if (!message.id || message.id === this.#rootId) continue;
      if (!first || message.seq! < first.seq!) first = message;
    }
    return first;
  }

  /**
   * Takes the state of a message that an entry has created or changed. One that is older than the first
   * one shown would stand before a gap.
   * @param isNew whether its own entry was not known before
   * @returns whether it was added: the user's own are there that were on their way
   */
  take(message: Message, isNew: boolean, related: CameWith): boolean {
    if (!this.#has(message)) return false;
    const isRoot = message.id === this.#rootId;
    if (isRoot || isNew || message.seq >= (this.first()?.seq ?? Infinity)) {
      return !this.set.put(message, related);
    }
    // A draft that was stored long ago, and whose ack is still on its way.
    this.set.delete(keyOf(message.sender, message.clientMessageId));
    this.#olderChanges?.push(() => this.take(message, false, related));
    return false;
  }

  /** Copies those messages of another list that belong to this one. */
  copy({ set }: MessageList): void {
    for (const [key, message] of set) {
      if (this.#has(message)) this.set.set(key, message);
    }
  }

  /**
   * Adds a page of older messages than those shown; one page for all calls while it is under way.
   * @param read reads the page before the message with this id, or the last one if none is shown
   * @returns whether there are still more
   */
  loadOlder(read: (id?: string) => Promise<OlderPage>): Promise<boolean> {
    this.#older ??= this.#loadOlder(read).finally(() => this.#older = null);
    return this.#older;
  }

  async #loadOlder(read: (id?: string) => Promise<OlderPage>): Promise<boolean> {
    const first = this.first();
    const changes: (() => void)[] = this.#olderChanges = [];
    try {
      const page = await read(first?.id!);
      // A reset, or less being shown, has made the page useless meanwhile.
      const isUseful = this.#olderChanges === changes &&
        (!first || this.first()?.key === first.key);
      if (!isUseful) return this.hasOlder.get();
      this.#olderChanges = null;
      this.#host.refer(page.referenced);
      for (const message of page.messages) this.set.put(message, page);
      // The page may have been read before them.
      for (const fold of changes) fold();
      if (!page.hasMore) this.#beginning = this.first()?.seq ?? Infinity;
      this.changed();
      return page.hasMore;
    } finally {
      this.#olderChanges = null;
    }
  }

  /** Shows what has become of a message of the user's own; what is in the log already stays as it is. */
  update(
    unsent: UnsentMessage,
    progress: Progress,
    sender: PublicUser,
    answered: ChatMessage | undefined,
  ): void {
    const key = keyOf(sender, unsent.clientMessageId);
    const before = this.set.get(key);
    if (before?.id) return;
    if (progress.state === "discarded") return this.#remove(key);
    const draft = progressed(before, unsent, progress, sender, answered);
    if (!this.#has(draft)) return;
    // It was stored long ago, and only its ack was lost.
    const isOlder = (draft.seq ?? Infinity) < (this.first()?.seq ?? this.#host.cursor.seq + 1);
    if (isOlder) return this.#remove(key);
    this.set.set(key, draft);
    this.changed();
  }

  /**
   * Removes a draft that has failed.
   * @param instead the key of the one that others answer from now on; null for none
   * @returns whether there was one
   */
  discard(key: string, instead: string | null = null): boolean {
    if (this.set.get(key)?.state !== "failed") return false;
    for (const [other, draft] of this.set) {
      if (draft.replyTo === key) this.set.set(other, { ...draft, replyTo: instead });
    }
    this.#remove(key);
    return true;
  }

  /** Removes all but the newest messages, and keeps the drafts. */
  forgetOlder(keep: number): void {
    const first = this.#all().filter(({ id }) => id).at(-keep);
    if (!first) return;
    this.#dropBefore(first.seq!);
    this.changed();
  }

  /**
   * Starts over; drafts stay.
   * @param from the `seq` from which on messages stay, too, in case a newer state of one is known
   */
  reset(from = Infinity): void {
    this.#dropBefore(from);
    this.#beginning = this.#lowest;
    this.#olderChanges = null;
    this.changed();
  }

  /** What it shows is computed again when it is next read. */
  changed(): void {
    this.messages.changed();
    this.hasOlder.changed();
  }

  /** The `seq` before which it has no messages: each log begins with the room's creation. */
  get #lowest(): number {
    return this.#rootId ? 0 : 1;
  }

  /** The direct answers also before the server has them, which says of what thread they are. */
  #has({ id, threadId, replyTo }: Pick<ChatMessage, "id" | "threadId" | "replyTo">): boolean {
    const rootId = this.#rootId;
    return !rootId || [id, threadId, replyTo].includes(rootId);
  }

  #all(): ChatMessage[] {
    return [...this.set.values()].filter(({ id }) => id !== this.#rootId).sort(byPlace);
  }

  /** Removes older messages, which would stand before a gap; they can be loaded by page. */
  #dropBefore(seq: number): void {
    for (const [key, message] of this.set) {
      if ((message.seq ?? Infinity) < seq) this.set.delete(key);
    }
  }

  #remove(key: string): void {
    this.set.delete(key);
    this.changed();
  }
}
