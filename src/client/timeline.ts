/** One room's messages as this client has them: the log up to a cursor, and drafts after it. */
import type { ServerEvents } from "../protocol/wire/events.ts";
import { type Message, type MessagesPage, NEW_MESSAGE } from "../protocol/wire/messages.ts";
import type { PublicUser } from "../protocol/wire/users.ts";
import { byPlace, type ChatMessage, keyOf } from "./chat_message.ts";
import { Observed } from "./observable.ts";

/** An entry of a room's log: it creates or changes one message. */
export interface Entry {
  /** Its number in the log. */
  seq: number;
  /** Unique for ever; null if the server has not sent it. */
  id: string | null;
}

/** Before the first entry. */
const LOG_START: Entry = { seq: 0, id: null };

/**
 * The messages from the first one shown up to the cursor, without a gap. Entries come one by one
 * through {@linkcode Timeline.receive}, and by pages otherwise.
 */
export class Timeline {
  /** All messages in the order of the log, then the drafts in the order in which they were written. */
  readonly messages: Observed<readonly ChatMessage[]> = new Observed(() => this.#list());
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
  #olderChanges: Message[] | null = null;
  readonly #messages = new Map<string, ChatMessage>();

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
    const added = this.#takeUpTo(answer, messages);
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
    const added = this.#takeUpTo(page, messages);
    if (messages.length > 0 || reset) this.#changed();
    return added;
  }

  /**
   * Takes a live entry.
   * @param message the one that it creates or changes, as it is then or later; none if this client does
   *   not know the kind of entry
   * @returns whether it was the next one; earlier ones are known, later ones leave `isBehind` true
   */
  receive(entry: Entry, message?: Message): boolean {
    if (this.#cursor === null) return false;
    this.#head = Math.max(this.#head, entry.seq);
    // It may follow an entry that only has the cursor's number.
    if (this.#unconfirmed || entry.seq !== this.#cursor.seq + 1) return false;
    if (message) this.#fold(message);
    this.#cursor = entry;
    if (message) this.#changed();
    return true;
  }

  /**
   * Adds a page of older messages than those shown. Not to be called again while it is under way.
   * @param read reads the page before the message with this id
   * @returns whether there are still more
   */
  async loadOlder(
    read: (id: string) => Promise<Pick<MessagesPage, "messages" | "hasMore">>,
  ): Promise<boolean> {
    const first = this.first();
    if (!first) return false;
    const changes: Message[] = this.#olderChanges = [];
    try {
      const { messages, hasMore } = await read(first.id!);
      // A reset, or less being shown, has made the page useless meanwhile.
      const isUseful = this.#olderChanges === changes && this.first()?.key === first.key;
      if (!isUseful) return this.hasOlder.get();
      this.#olderChanges = null;
      for (const message of messages) this.#put(message);
      // The page may have been read before them.
      for (const message of changes) this.#fold(message);
      if (!hasMore) this.#beginning = this.first()?.seq ?? 1;
      this.#changed();
      return hasMore;
    } finally {
      this.#olderChanges = null;
    }
  }

  /** Adds a message of the user's own that the server does not have yet, unless it is shown already. */
  draft(draft: Pick<ChatMessage, "sender" | "text" | "clientMessageId" | "createdAt">): void {
    const key = keyOf(draft.sender, draft.clientMessageId);
    if (this.#messages.has(key)) return;
    const place = { key, id: null, seq: null, changedSeq: null, state: "queued" } as const;
    this.#messages.set(key, { ...NEW_MESSAGE, ...draft, ...place, updatedAt: draft.createdAt });
    this.messages.changed();
  }

  /** Updates a draft; a message that is in the log already stays as it is. */
  update(sender: PublicUser, clientMessageId: string, change: Partial<ChatMessage>): void {
    const key = keyOf(sender, clientMessageId);
    const draft = this.#messages.get(key);
    if (!draft || draft.id !== null) return;
    const first = this.first();
    this.#messages.set(key, { ...draft, error: undefined, retryAt: undefined, ...change });
    // It was stored long ago, and only its ack was lost.
    if (first) this.#dropBefore(first.seq!);
    this.messages.changed();
  }

  /** Removes a draft that has failed. Returns whether there was one. */
  discard(key: string): boolean {
    if (this.#messages.get(key)?.state !== "failed") return false;
    this.#messages.delete(key);
    this.messages.changed();
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
  }

  #list(): ChatMessage[] {
    return [...this.#messages.values()].sort(byPlace);
  }

  #changed(): void {
    this.messages.changed();
    this.hasOlder.changed();
  }

  /** Removes older messages, which would stand before a gap; they can be loaded by page. */
  #dropBefore(seq: number): void {
    for (const [key, message] of this.#messages) {
      if (message.seq !== null && message.seq < seq) this.#messages.delete(key);
    }
  }

  /**
   * Takes messages of an answer, after which nothing is missing up to its end.
   * @returns how many are new
   */
  #takeUpTo({ lastSeq, lastEntryId }: LogEnd, messages: readonly Message[]): number {
    const added = messages.filter((message) => this.#fold(message)).length;
    if (this.#cursor === null || lastSeq > this.#cursor.seq) {
      this.#cursor = { seq: lastSeq, id: lastEntryId ?? null };
    }
    this.#head = Math.max(this.#head, this.#cursor.seq);
    return added;
  }

  /**
   * Takes the state of a message that entries after the cursor have created or changed. One that is
   * older than the first one shown would stand before a gap.
   * @returns as `#put`
   */
  #fold(message: Message): boolean {
    const isShown = message.seq > this.cursor.seq || message.seq >= (this.first()?.seq ?? 0);
    if (isShown) return this.#put(message);
    this.#olderChanges?.push(message);
    return false;
  }

  /**
   * Adds a message, or replaces an older state of it.
   * @returns whether it was not shown before, as the user's own are that were on their way
   */
  #put(message: Message): boolean {
    const key = keyOf(message.sender, message.clientMessageId);
    const known = this.#messages.get(key);
    // A live entry may show a message in a later state than a page that was read before it.
    const isOlder = (known?.changedSeq ?? 0) > message.changedSeq;
    if (!isOlder) this.#messages.set(key, { ...message, key, state: "sent" });
    return known === undefined;
  }
}

/** The last entry that an answer covers. */
type LogEnd = Pick<ServerEvents["room:joined"], "lastSeq" | "lastEntryId">;

/**
 * Whether an answer proves that the cursor is an entry of its log, and shows all that came after it.
 * After a restore of the database the log may have another entry with the cursor's number.
 */
function continues(
  { messages, lastSeq, lastEntryId }: ServerEvents["room:joined"],
  cursor: Entry,
): boolean {
  // Entries that change a message are not among the messages, nor are those that are too old.
  const created = messages.filter(({ seq }) => seq > cursor.seq).length;
  if (created !== lastSeq - cursor.seq) return false;
  if (cursor.id === null) return true;
  const id = lastSeq === cursor.seq
    ? lastEntryId
    : messages.find(({ seq }) => seq === cursor.seq)?.id;
  return id === cursor.id;
}
