/** One room's messages as this client knows them: the log up to a cursor, and what is not in it yet. */
import type { Message, PublicUser, ServerEvents } from "../protocol/wire.ts";
import type { EchoRoomError } from "./errors.ts";

/** Where a message stands on its way into the room's log; others' messages are always `sent`. */
export type MessageState = "queued" | "sending" | "sent" | "failed";

/** A message as an app shows it, whether or not the server has it yet. */
export interface ChatMessage {
  /** Names the message from the moment it is written on, for lists. */
  readonly key: string;
  /** Where it stands. */
  readonly state: MessageState;
  /** Null until the server has acked it. */
  readonly id: string | null;
  /** Its place in the room's log; null until the server has acked it. */
  readonly seq: number | null;
  /** Oneself or somebody else, as they are now. */
  readonly sender: PublicUser;
  /** As it was written: to be escaped where markup would be read. */
  readonly text: string;
  /** Whether the server wrote it, about something that `sender` did. */
  readonly system: boolean;
  /** The sender's own name for it. */
  readonly clientMessageId: string;
  /** ISO 8601; by the local clock until the server has acked it. */
  readonly createdAt: string;
  /** ISO 8601; by the local clock until the server has acked it. */
  readonly updatedAt: string;
  /** Why it was refused, if it `failed`, or why it has to wait, if it is `queued`. */
  readonly error?: EchoRoomError | undefined;
  /** When it is sent again, in ms as of `Date.now()`, if it is `queued` because of an `error`. */
  readonly retryAt?: number | undefined;
}

/**
 * What is known of a log. Everything between the first message shown and `cursor` is there; entries
 * come in by {@linkcode Timeline.receive} one by one, by pages otherwise.
 */
export class Timeline {
  /** The highest `seq` up to which nothing is missing; null before the room was first joined. */
  cursor: number | null = null;
  /** The `seq` of the first message that the server still has. */
  #beginning = 1;
  /** The highest `seq` heard of; beyond `cursor` something is missing. */
  #heard = 0;
  readonly #entries = new Map<string, ChatMessage>();

  /** All messages in the order of the log, those that are not in it yet last, as they were written. */
  list(): readonly ChatMessage[] {
    return [...this.#entries.values()].sort(byPlace);
  }

  /** The oldest message that the server has. */
  first(): ChatMessage | undefined {
    return this.list().find(({ id }) => id !== null);
  }

  /** Whether there are older messages than those shown. */
  get hasOlder(): boolean {
    return (this.first()?.seq ?? 0) > this.#beginning;
  }

  /** Whether entries beyond `cursor` were heard of. */
  get isBehind(): boolean {
    return this.cursor !== null && this.#heard > this.cursor;
  }

  /** Nothing that was heard of is missing: what was beyond the log does not exist. */
  forgetHeard(): void {
    this.#heard = this.cursor ?? 0;
  }

  /**
   * Takes the last messages of the log, as a join shows them.
   * @returns how many are new, or null if they do not reach back to the cursor, or the log ends
   *   before it: then the entries in between have to be recovered
   */
  join({ messages, lastSeq }: ServerEvents["room:joined"]): number | null {
    if (this.cursor === null) {
      // Acked before the room was joined.
      this.#dropBefore(messages[0]?.seq ?? 0);
      return this.#takeUpTo(messages, lastSeq);
    }
    this.#heard = Math.max(this.#heard, lastSeq);
    const missing = lastSeq - this.cursor;
    const shown = messages.filter(({ seq }) => seq > this.cursor!).length;
    return missing >= 0 && shown === missing ? this.#takeUpTo(messages, lastSeq) : null;
  }

  /**
   * Takes a page of what was missed since a cursor that this timeline had.
   * @returns how many messages are new
   */
  recover({ messages, lastSeq, reset }: ServerEvents["connection:missed"]): number {
    if (!reset) return this.#takeUpTo(messages, lastSeq);
    for (const [key, { id }] of this.#entries) if (id !== null) this.#entries.delete(key);
    this.cursor = this.#heard = 0;
    this.#beginning = 1;
    return this.#takeUpTo(messages, lastSeq);
  }

  /**
   * Takes a live entry.
   * @returns whether it was the next one; others are known already, or leave `isBehind` true
   */
  receive(seq: number, message: Message): boolean {
    if (this.cursor === null) return false;
    this.#heard = Math.max(this.#heard, seq);
    if (seq !== this.cursor + 1) return false;
    this.cursor = seq;
    this.#put(message);
    return true;
  }

  /** Takes older messages than those shown. */
  prepend(messages: readonly Message[], hasOlder: boolean): void {
    for (const message of messages) this.#put(message);
    if (!hasOlder) this.#beginning = this.first()?.seq ?? 1;
  }

  /** Shows a message of one's own that the server does not have yet, unless it turns out to. */
  draft(draft: Pick<ChatMessage, "sender" | "text" | "clientMessageId" | "createdAt">): void {
    const key = keyOf(draft.sender, draft.clientMessageId);
    if (this.#entries.has(key)) return;
    const { createdAt } = draft;
    const place = { key, id: null, seq: null, state: "queued", system: false } as const;
    this.#entries.set(key, { ...draft, ...place, updatedAt: createdAt });
  }

  /** Changes what is known of a draft; what the log has says no more than the log. */
  update(sender: PublicUser, clientMessageId: string, change: Partial<ChatMessage>): void {
    const key = keyOf(sender, clientMessageId);
    const entry = this.#entries.get(key);
    if (!entry || entry.id !== null) return;
    const first = this.first();
    this.#entries.set(key, { ...entry, error: undefined, retryAt: undefined, ...change });
    // It was stored long ago, and only its ack was lost.
    if (first) this.#dropBefore(first.seq!);
  }

  /** Takes a draft that has failed away. Returns whether it was one. */
  discard(key: string): boolean {
    return this.#entries.get(key)?.state === "failed" && this.#entries.delete(key);
  }

  /** Lets go of all but the newest messages, if there are more than that. Returns whether it did. */
  forgetOlder(keep: number): boolean {
    const shown = this.list().filter(({ id }) => id !== null);
    if (shown.length <= keep) return false;
    this.#dropBefore(shown.at(-keep)!.seq!);
    return true;
  }

  /** What is older comes by page: alone it would stand before a gap. */
  #dropBefore(seq: number): void {
    for (const [key, entry] of this.#entries) {
      if (entry.seq !== null && entry.seq < seq) this.#entries.delete(key);
    }
  }

  #takeUpTo(messages: readonly Message[], lastSeq: number): number {
    const added = messages.filter((message) => this.#put(message)).length;
    this.cursor = Math.max(this.cursor ?? 0, lastSeq);
    this.#heard = Math.max(this.#heard, this.cursor);
    return added;
  }

  /** Puts in a message as it is now. Returns whether the log did not show it before. */
  #put(message: Message): boolean {
    const key = keyOf(message.sender, message.clientMessageId);
    const known = this.#entries.get(key);
    const { id, seq, sender, text, system, clientMessageId, createdAt, updatedAt } = message;
    const entry = { key, id, seq, sender, text, system, clientMessageId, createdAt, updatedAt };
    this.#entries.set(key, { ...entry, state: "sent" });
    return known === undefined || known.id === null;
  }
}

/** A storage may bring what was written earlier after what was written now. */
function byPlace(a: ChatMessage, b: ChatMessage): number {
  if (a.seq !== null || b.seq !== null) return (a.seq ?? Infinity) - (b.seq ?? Infinity);
  return Number(a.createdAt > b.createdAt) - Number(a.createdAt < b.createdAt);
}

/** One sender never uses a `clientMessageId` twice in a room, so it names a message early. */
function keyOf(sender: PublicUser, clientMessageId: string): string {
  return `${sender.id} ${clientMessageId}`;
}
