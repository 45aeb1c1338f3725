/** One room's messages as this client has them: the log up to a cursor, and drafts after it. */
import type { ServerEvents } from "../protocol/wire/events.ts";
import { type Message, type MessagesPage, NEW_MESSAGE } from "../protocol/wire/messages.ts";
import type { PublicUser } from "../protocol/wire/users.ts";
import type { EchoRoomError } from "./errors.ts";

/** How far a message is on its way into the room's log; others' messages are always `sent`. */
export type MessageState = "queued" | "sending" | "sent" | "failed";

/**
 * A message as an app shows it, as it is now, whether or not the server has it yet. Escape its text in
 * markup. A deleted one stays: it has a `deletedAt`, and no text.
 */
export interface ChatMessage
  extends Readonly<Omit<Message, "id" | "roomId" | "seq" | "changedSeq">> {
  /** The same from the moment it is written on, for lists. */
  readonly key: string;
  /** Whether the server has it. */
  readonly state: MessageState;
  /** Null until the server has acked it. */
  readonly id: string | null;
  /** Its place in the room's log; null until the server has acked it. */
  readonly seq: number | null;
  /** The number of the entry that changed it last; null until the server has acked it. */
  readonly changedSeq: number | null;
  /** ISO 8601; by the local clock until the server has acked it. */
  readonly createdAt: string;
  /** ISO 8601; by the local clock until the server has acked it. */
  readonly updatedAt: string;
  /** Why it was refused, if it `failed`, or why it has to wait, if it is `queued`. */
  readonly error?: EchoRoomError | undefined;
  /** When it is sent again, in ms as of `Date.now()`, if it is `queued` because of an `error`. */
  readonly retryAt?: number | undefined;
}

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
  /** The last entry up to which nothing is missing; null before the room was first joined. */
  #cursor: Entry | null = null;
  /** The `seq` of the first message that the server still has. */
  #beginning = 1;
  /** The highest `seq` received; if it is beyond the cursor, something is missing. */
  #head = 0;
  /** Whether a join has left open if the cursor still is an entry of the server's log. */
  #unconfirmed = false;
  /** Changes of messages older than those shown, while a page of these is on its way; else null. */
  #olderChanges: Message[] | null = null;
  readonly #messages = new Map<string, ChatMessage>();

  /** The last entry up to which nothing is missing. */
  get cursor(): Entry {
    return this.#cursor ?? LOG_START;
  }

  /** All messages in the order of the log, then the drafts in the order in which they were written. */
  list(): readonly ChatMessage[] {
    return [...this.#messages.values()].sort(byPlace);
  }

  /** The oldest message that the server has. */
  first(): ChatMessage | undefined {
    return this.list().find(({ id }) => id !== null);
  }

  /** Whether there are older messages than those shown. */
  get hasOlder(): boolean {
    return (this.first()?.seq ?? 0) > this.#beginning;
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
    const added = messages.filter((message) => this.#put(message)).length;
    this.#moveTo(answer);
    return added;
  }

  /**
   * Takes a page of what was missed since a cursor that this timeline had.
   * @returns how many messages are new
   */
  recover(page: ServerEvents["connection:missed"]): number {
    const { messages, reset } = page;
    this.#unconfirmed = false;
    if (reset) {
      for (const [key, { id }] of this.#messages) if (id !== null) this.#messages.delete(key);
      this.#cursor = LOG_START;
      this.#head = 0;
      this.#beginning = 1;
      this.#olderChanges = null;
    }
    const added = messages.filter((message) => this.#fold(message)).length;
    this.#moveTo(page);
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
      if (!isUseful) return this.hasOlder;
      for (const message of messages) this.#put(message);
      // The page may have been read before them.
      for (const message of changes) this.#fold(message);
      if (!hasMore) this.#beginning = this.first()?.seq ?? 1;
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
  }

  /** Removes a draft that has failed. Returns whether there was one. */
  discard(key: string): boolean {
    return this.#messages.get(key)?.state === "failed" && this.#messages.delete(key);
  }

  /** Removes all but the newest messages. Returns whether there were more. */
  forgetOlder(keep: number): boolean {
    const shown = this.list().filter(({ id }) => id !== null);
    if (shown.length <= keep) return false;
    this.#dropBefore(shown.at(-keep)!.seq!);
    return true;
  }

  /** Removes older messages, which would stand before a gap; they can be loaded by page. */
  #dropBefore(seq: number): void {
    for (const [key, message] of this.#messages) {
      if (message.seq !== null && message.seq < seq) this.#messages.delete(key);
    }
  }

  /** Nothing is missing up to the end of an answer. */
  #moveTo({ lastSeq, lastEntryId }: LogEnd): void {
    if (this.#cursor === null || lastSeq > this.#cursor.seq) {
      this.#cursor = { seq: lastSeq, id: lastEntryId ?? null };
    }
    this.#head = Math.max(this.#head, this.#cursor.seq);
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
   * @returns whether it was not shown as part of the log before
   */
  #put(message: Message): boolean {
    const key = keyOf(message.sender, message.clientMessageId);
    const known = this.#messages.get(key);
    // A live entry may show a message in a later state than a page that was read before it.
    const isOlder = (known?.changedSeq ?? 0) > message.changedSeq;
    if (!isOlder) this.#messages.set(key, { ...message, key, state: "sent" });
    return known === undefined || known.id === null;
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

/** An asynchronous storage may return earlier drafts after later ones were added. */
function byPlace(a: ChatMessage, b: ChatMessage): number {
  if (a.seq !== null || b.seq !== null) return (a.seq ?? Infinity) - (b.seq ?? Infinity);
  return Number(a.createdAt > b.createdAt) - Number(a.createdAt < b.createdAt);
}

/** A sender uses a `clientMessageId` once in a room, so it identifies a message before it is sent. */
function keyOf(sender: PublicUser, clientMessageId: string): string {
  return `${sender.id} ${clientMessageId}`;
}
