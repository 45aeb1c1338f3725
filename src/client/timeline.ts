/** One room's messages as this client has them: the log up to a cursor, and drafts after it. */
import type { ServerEvents } from "../protocol/wire/events.ts";
import type { Message, MessageChange, MessagesPage } from "../protocol/wire/messages.ts";
import type { PublicUser } from "../protocol/wire/users.ts";
import { byPlace, type ChatMessage, keyOf, type MessageRef, UNCHANGED } from "./chat_message.ts";
import { isChange, type Unsent, type UnsentMessage } from "./commands.ts";
import { draftOf, progressed } from "./drafts.ts";
import { type Answered, continues, type Entry, type EntryRelated, LOG_START } from "./log_entry.ts";
import { Observed } from "./observable.ts";
import { OptimisticChanges } from "./optimistic_changes.ts";
import type { Progress } from "./outbox.ts";
import { afterChange, ownReactions } from "./reactions.ts";
import { Referenced } from "./referenced.ts";

/**
 * The messages from the first one shown up to the cursor, without a gap. Entries come one by one
 * through {@linkcode Timeline.receive}, and by pages otherwise.
 */
export class Timeline {
  /** All messages in the order of the log, then the drafts in the order in which they were written. */
  readonly messages: Observed<readonly ChatMessage[]> = new Observed(() => {
    return this.#changes.over(this.#list(), this.#self()?.id);
  });
  /** Whether there are older messages than those shown. */
  readonly hasOlder: Observed<boolean> = new Observed(() => {
    return (this.first()?.seq ?? 0) > this.#beginning;
  });

  /** The last entry up to which nothing is missing; null before the room was first joined. */
  #cursor: Entry | null = null;
  /** The `seq` of the first message that the server still has. */
  #beginning = 1;
  /** The highest `seq` received; if it is beyond the cursor, something is missing. */
  #head = 0;
  /** Whether a join could not confirm that the cursor is an entry of the server's log. */
  #unconfirmed = false;
  /** Changes of messages older than those shown, while a page of these is on its way; else null. */
  #olderChanges: (() => void)[] | null = null;
  readonly #messages = new Map<string, ChatMessage>();
  readonly #changes = new OptimisticChanges();
  readonly #referenced = new Referenced();
  /** The user; null before it is known. */
  readonly #self: () => PublicUser | null;

  constructor(self: () => PublicUser | null) {
    this.#self = self;
  }

  /** The last entry up to which nothing is missing. */
  get cursor(): Entry {
    return this.#cursor ?? LOG_START;
  }

  /** The oldest message that the server has. */
  first(): ChatMessage | undefined {
    return this.#list().find(({ id }) => id !== null);
  }

  /** Whether entries beyond the cursor are missing. */
  get isBehind(): boolean {
    return this.#cursor !== null && this.#head > this.#cursor.seq;
  }

  /** Nothing is missing: the log ends at the cursor. */
  caughtUp(): void {
    this.#head = this.cursor.seq;
  }

  /**
   * Takes the last messages of the log, as a join shows them.
   * @returns how many are new, or null if that does not prove that the cursor is an entry of this log
   *   and nothing after it is missing: then what comes after the cursor has to be recovered
   */
  join(answer: ServerEvents["room:joined"]): number | null {
    const { messages, lastSeq } = answer;
    if (this.#cursor === null) {
      // Acked before the room was joined.
      this.#dropBefore(messages[0]?.seq ?? 0);
      this.#olderChanges = null;
    } else {
      this.#head = Math.max(this.#head, lastSeq);
      this.#unconfirmed = !continues(answer, this.#cursor);
      if (this.#unconfirmed) return null;
    }
    const added = this.#takeUpTo(answer);
    this.#changed();
    return added;
  }

  /**
   * Takes a page of what was missed since a cursor that this timeline had.
   * @returns how many messages are new
   */
  recover(page: ServerEvents["connection:missed"]): number {
    const { messages, reset } = page;
    this.#unconfirmed = false;
    if (reset) this.#reset(LOG_START);
    const added = this.#takeUpTo(page);
    if (messages.length > 0 || reset) this.#changed();
    return added;
  }

  /**
   * Takes a live entry.
   * @param message the one that it creates or changes, as it is then or later; none if this client does
   *   not know the kind of entry
   * @param related what the entry has changed, and what goes with the message, if it says so
   * @returns whether it was the next one; earlier ones are known, later ones leave `isBehind` true
   */
  receive(entry: Entry, message?: Message, { change, referenced }: EntryRelated = {}): boolean {
    if (this.#cursor === null) return false;
    this.#head = Math.max(this.#head, entry.seq);
    // It may follow an entry that only has the cursor's number.
    if (this.#unconfirmed || entry.seq !== this.#cursor.seq + 1) return false;
    this.#referenced.take(referenced);
    if (message) this.#fold(message, undefined, change);
    this.#cursor = entry;
    this.#confirm();
    if (message) this.#changed();
    return true;
  }

  /**
   * Adds a page of older messages than those shown. Not to be called again while it is under way.
   * @param read reads the page before the message with this id
   * @returns whether there are still more
   */
  async loadOlder(
    read: (
      id: string,
    ) => Promise<Pick<MessagesPage, "messages" | "mine" | "referenced" | "hasMore">>,
  ): Promise<boolean> {
    const first = this.first();
    if (!first) return false;
    const changes: (() => void)[] = this.#olderChanges = [];
    try {
      const { messages, mine, referenced, hasMore } = await read(first.id!);
      // A reset, or less being shown, has made the page useless meanwhile.
      const isUseful = this.#olderChanges === changes && this.first()?.key === first.key;
      if (!isUseful) return this.hasOlder.get();
      this.#olderChanges = null;
      this.#referenced.take(referenced);
      for (const message of messages) this.#put(message, mine?.[message.id] ?? []);
      // The page may have been read before them.
      for (const fold of changes) fold();
      if (!hasMore) this.#beginning = this.first()?.seq ?? 1;
      this.#changed();
      return hasMore;
    } finally {
      this.#olderChanges = null;
    }
  }

  /** The message that is shown under this `id` or `key`, or that one of those shown answers. */
  find(ref: MessageRef): ChatMessage | undefined {
    if (typeof ref !== "string") return this.find(ref.id ?? ref.key);
    const isWanted = ({ id, key }: ChatMessage) => id === ref || key === ref;
    return this.messages.get().find(isWanted) ?? this.#referenced.find(ref);
  }

  /** Shows something of the user's own that the server does not have yet, unless it is shown already. */
  show(unsent: Unsent): void {
    const sender = this.#self();
    if (!sender) return;
    if (isChange(unsent)) return this.update(unsent, { state: "queued" });
    const key = keyOf(sender, unsent.clientMessageId);
    if (this.#messages.has(key)) return;
    this.#messages.set(key, draftOf(unsent, sender, this.#answeredBy(unsent)));
    this.messages.changed();
  }

  /** Shows what has become of something of the user's own; what is in the log already stays as it is. */
  update(unsent: Unsent, progress: Progress): void {
    const sender = this.#self();
    if (!sender) return;
    if (isChange(unsent)) {
      this.#changes.update(unsent, progress);
      return this.messages.changed();
    }
    this.show(unsent);
    const draft = this.#messages.get(keyOf(sender, unsent.clientMessageId))!;
    if (draft.id !== null) return;
    if (progress.state === "discarded") return this.#remove(draft.key);
    const first = this.first();
    const next = progressed(draft, unsent, progress, this.#answeredBy(unsent));
    this.#messages.set(draft.key, next);
    // It was stored long ago, and only its ack was lost.
    if (first) this.#dropBefore(first.seq!);
    this.messages.changed();
  }

  /** Removes a draft that has failed. Returns whether there was one. */
  discard(key: string): boolean {
    if (this.#messages.get(key)?.state !== "failed") return false;
    this.#remove(key);
    return true;
  }

  /** Removes all but the newest messages, and keeps the drafts. */
  forgetOlder(keep: number): void {
    const shown = this.#list().filter(({ id }) => id !== null);
    if (shown.length <= keep) return;
    this.#dropBefore(shown.at(-keep)!.seq!);
    this.#changed();
  }

  /** Removes all messages, and the drafts. */
  clear(): void {
    this.#messages.clear();
    this.#changes.clear();
    this.#referenced.clear();
    this.#reset(null);
    this.#changed();
  }

  /** Starts over with another log; drafts stay. */
  #reset(cursor: Entry | null): void {
    this.#dropBefore(Infinity);
    this.#cursor = cursor;
    this.#head = 0;
    this.#beginning = 1;
    this.#unconfirmed = false;
    this.#olderChanges = null;
    this.#changes.confirm(Infinity, () => undefined);
  }

  #list(): ChatMessage[] {
    return [...this.#messages.values()].sort(byPlace);
  }

  #changed(): void {
    this.messages.changed();
    this.hasOlder.changed();
  }

  #answeredBy({ replyTo }: UnsentMessage): ChatMessage | undefined {
    return replyTo === undefined ? undefined : this.find(replyTo);
  }

  #remove(key: string): void {
    this.#messages.delete(key);
    this.messages.changed();
  }

  #confirm(): void {
    // A page on its way may show a message in the state before.
    if (this.#olderChanges) return;
    const all = this.#list();
    this.#changes.confirm(this.cursor.seq, (ref) => all.find(({ id }) => id === ref));
  }

  /** Removes older messages, which would stand before a gap; they can be loaded by page. */
  #dropBefore(seq: number): void {
    for (const [key, message] of this.#messages) {
      if (message.seq !== null && message.seq < seq) this.#messages.delete(key);
    }
  }

  /**
   * Takes the messages of an answer, after which nothing is missing up to its end.
   * @returns how many are new
   */
  #takeUpTo({ lastSeq, lastEntryId, messages, mine, referenced }: Answered): number {
    this.#referenced.take(referenced);
    const added = messages.filter((message) => this.#fold(message, mine?.[message.id] ?? []));
    if (this.#cursor === null || lastSeq > this.#cursor.seq) {
      this.#cursor = { seq: lastSeq, id: lastEntryId ?? null };
    }
    this.#head = Math.max(this.#head, this.#cursor.seq);
    this.#confirm();
    return added.length;
  }

  /**
   * Takes the state of a message that entries after the cursor have created or changed. One that is
   * older than the first one shown would stand before a gap.
   * @param mine,change as `#put`
   * @returns as `#put`
   */
  #fold(message: Message, mine?: string[], change?: MessageChange): boolean {
    const isShown = message.seq > this.cursor.seq || message.seq >= (this.first()?.seq ?? 0);
    if (isShown) return this.#put(message, mine, change);
    this.#referenced.update(message);
    this.#olderChanges?.push(() => this.#fold(message, mine, change));
    return false;
  }

  /**
   * Adds a message, or replaces an older state of it.
   * @param mine the user's reactions to it, if they came with it
   * @param change what an entry has changed, if it came with one
   * @returns whether it was not shown before, as the user's own are that were on their way
   */
  #put(message: Message, mine?: string[], change?: MessageChange): boolean {
    const key = keyOf(message.sender, message.clientMessageId);
    const known = this.#messages.get(key);
    // A live entry may show a message in a later state than a page that was read before it.
    const isOlder = (known?.changedSeq ?? 0) > message.changedSeq;
    if (isOlder && !change) return false;
    const self = this.#self()?.id;
    const others = mine ?? afterChange(known?.ownReactions ?? [], change, self);
    const state = isOlder ? known! : { ...message, key, state: "sent" as const };
    const own = ownReactions(state, self, others);
    this.#messages.set(key, { ...state, ...UNCHANGED, ownReactions: own });
    return known === undefined;
  }
}
