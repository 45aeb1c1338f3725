/** One room's messages as this client has them: the log up to a cursor, and drafts after it. */
import type { ServerEvents } from "../protocol/wire/events.ts";
import type { Message, MessageChange } from "../protocol/wire/messages.ts";
import type { PublicUser } from "../protocol/wire/users.ts";
import { type ChatMessage, keyOf, type MessageRef } from "./chat_message.ts";
import { isChange, type Unsent } from "./commands.ts";
import { type Answered, type CameWith, continues, type Entry, LOG_START } from "./log_entry.ts";
import { type ListHost, MessageList } from "./message_list.ts";
import { MessageSet } from "./message_set.ts";
import { OptimisticChanges } from "./optimistic_changes.ts";
import type { Progress } from "./outbox.ts";
import type { TimelineView } from "./timeline_view.ts";

/** More of the messages that others answer than a screen shows; the oldest go first. */
const MAX_REFERENCED = 500;

/** Passes an event on, with the message and what has changed, if it is about one. */
type Emit = (
  type: "message" | "changed" | "deleted" | "reset" | MessageChange["type"],
  message?: Message,
  change?: object,
) => void;

/**
 * The messages from the first one shown up to the cursor, without a gap. Entries come one by one
 * through {@linkcode Timeline.receive}, and by pages otherwise.
 */
export class Timeline implements ListHost {
  /** The messages of the room. */
  readonly main: MessageList;
  /** What is kept beside it from the same entries. */
  readonly views: Set<TimelineView> = new Set();

  /** The messages of the room, and those of threads. */
  readonly #lists: Set<MessageList>;
  /** The last entry up to which nothing is missing; null before the room was first joined. */
  #cursor: Entry | null = null;
  /** The highest `seq` received; if it is beyond the cursor, something is missing. */
  #head = 0;
  /** Whether a join could not confirm that the cursor is an entry of the server's log. */
  #unconfirmed = false;
  readonly #changes = new OptimisticChanges();
  /** The messages that those shown answer, where these are not shown themselves. */
  readonly #referenced: MessageSet;
  /** The user; null before it is known. */
  readonly self: () => PublicUser | null;

  /** Is called with each event. */
  readonly #emit: Emit;

  constructor(self: () => PublicUser | null, emit: Emit) {
    this.self = self;
    this.#emit = emit;
    this.#referenced = new MessageSet(self);
    this.main = new MessageList(this);
    this.#lists = new Set([this.main]);
  }

  /** The last entry up to which nothing is missing. */
  get cursor(): Entry {
    return this.#cursor ?? LOG_START;
  }

  /** A list of the answers to a message, from now on kept by the same entries. */
  open(rootId: string): MessageList {
    const list = new MessageList(this, rootId);
    list.copy(this.main);
    this.#lists.add(list);
    return list;
  }

  /** A list is no longer shown. */
  close(list: MessageList): void {
    this.#lists.delete(list);
  }

  /** Messages with the user's own changes that are on their way. */
  withOwnChanges(messages: ChatMessage[]): ChatMessage[] {
    return this.#changes.apply(messages, this.self()?.id);
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
    if (this.#cursor === null) {
      // Acked, or read by page, before the room was joined: since then it may have changed. What the
      // join shows may also be known in a later state.
      for (const list of this.#lists) list.reset(answer.messages[0]?.seq);
    } else {
      this.#head = Math.max(this.#head, answer.lastSeq);
      this.#unconfirmed = !continues(answer, this.#cursor);
      if (this.#unconfirmed) return null;
    }
    return this.#takeUpTo(answer);
  }

  /**
   * Takes a page of what was missed since a cursor that this timeline had.
   * @returns how many messages are new
   */
  recover(page: ServerEvents["connection:missed"]): number {
    this.#unconfirmed = false;
    if (page.reset) {
      this.#reset(LOG_START);
      this.#emit("reset");
    }
    return this.#takeUpTo(page);
  }

  /**
   * Takes a live entry.
   * @param message the one that it creates or changes, as it is then or later; none if this client does
   *   not know the kind of entry
   * @param related what the entry has changed, and what goes with the message, if it says so
   * @returns whether it was the next one; earlier ones are known, later ones leave `isBehind` true
   */
  receive(entry: Entry, message?: Message, related: CameWith = {}): boolean {
    if (this.#cursor === null) return false;
    this.#head = Math.max(this.#head, entry.seq);
    // It may follow an entry that only has the cursor's number.
    if (this.#unconfirmed || entry.seq !== this.#cursor.seq + 1) return false;
    this.refer(related.referenced);
    if (message) {
      this.#fold(message, related);
      this.#emitEntry(entry, message, related);
    }
    this.#cursor = entry;
    this.#confirm();
    if (message) this.#changed();
    return true;
  }

  /** The message that is shown under this `id` or `key`, or that one of those shown answers. */
  find(ref: MessageRef): ChatMessage | undefined {
    const [message] = this.#known(typeof ref === "string" ? ref : ref.id ?? ref.key);
    return message && this.withOwnChanges([message])[0];
  }

  /** Shows something of the user's own that the server does not have yet, unless it is shown already. */
  show(unsent: Unsent): void {
    const sender = this.self();
    if (!sender) return;
    const isShown = !isChange(unsent) && this.main.set.has(keyOf(sender, unsent.clientMessageId));
    if (!isShown) this.update(unsent, { state: "queued" });
  }

  /** Shows what has become of something of the user's own; what is in the log already stays as it is. */
  update(unsent: Unsent, progress: Progress): void {
    const sender = this.self();
    if (!sender) return;
    if (isChange(unsent)) {
      this.#changes.update(unsent, progress);
      return this.#changed();
    }
    const replyTo = unsent.replyTo ?? (unsent.sendId && keyOf(sender, unsent.sendId));
    const answered = replyTo ? this.find(replyTo) : undefined;
    const draft = { ...unsent, replyTo };
    for (const list of this.#lists) list.update(draft, progress, sender, answered);
  }

  /**
   * Removes a draft that has failed.
   * @param instead the key of the one that others answer from now on
   * @returns whether there was one
   */
  discard(key: string, instead?: string): boolean {
    const [wasThere] = [...this.#lists].map((list) => list.discard(key, instead));
    return wasThere!;
  }

  /** Removes all messages, and the drafts. */
  clear(): void {
    for (const { set } of this.#lists) set.clear();
    this.#changes.clear();
    this.#reset(null);
  }

  /** Starts over with another log; drafts stay. */
  #reset(cursor: Entry | null): void {
    this.#referenced.clear();
    for (const part of [...this.#lists, ...this.views]) part.reset();
    this.#cursor = cursor;
    this.#head = 0;
    this.#unconfirmed = false;
    this.#changes.confirm(() => Infinity);
  }

  #changed(): void {
    for (const list of this.#lists) list.changed();
  }

  /** As it is in the log, once for each part that has it. */
  #known(ref: string): ChatMessage[] {
    const parts = [...this.#lists, ...this.views, { set: this.#referenced }];
    return parts.flatMap(({ set }) => set.find(ref) ?? []);
  }

  #confirm(): void {
    if ([...this.#lists].some(({ isLoading }) => isLoading)) return;
    this.#changes.confirm((id) => {
      return Math.min(this.cursor.seq, ...this.#known(id).map(({ changedSeq }) => changedSeq!));
    });
  }

  /**
   * Takes the messages of an answer, after which nothing is missing up to its end.
   * @returns how many are new
   */
  #takeUpTo(answer: Answered): number {
    const { lastSeq, lastEntryId } = answer;
    this.refer(answer.referenced);
    const added = answer.messages.filter((message) => {
      this.#emitMissed(message);
      return this.#fold(message, answer);
    });
    if (this.#cursor === null || lastSeq > this.#cursor.seq) {
      this.#cursor = { seq: lastSeq, id: lastEntryId ?? null };
    }
    this.#head = Math.max(this.#head, this.#cursor.seq);
    this.#confirm();
    if (answer.messages.length > 0) this.#changed();
    return added.length;
  }

  /** Keeps messages that others answer. */
  refer(messages: readonly Message[] = []): void {
    for (const message of messages) this.#referenced.put(message);
    for (const key of this.#referenced.keys()) {
      if (this.#referenced.size <= MAX_REFERENCED) return;
      this.#referenced.delete(key);
    }
  }

  /**
   * Takes the state of a message that an entry after the cursor has created or changed.
   * @returns whether it is new: the user's own are not that were on their way
   */
  #fold(message: Message, related: CameWith): boolean {
    const key = keyOf(message.sender, message.clientMessageId);
    if (this.#referenced.has(key)) this.#referenced.put(message, related);
    for (const view of this.views) view.fold(message, related);
    const isNew = message.seq > this.cursor.seq;
    const [isAdded] = [...this.#lists].map((list) => list.take(message, isNew, related));
    return isAdded!;
  }

  #emitEntry({ seq }: Entry, message: Message, { change, by }: CameWith): void {
    if (message.seq === seq) this.#emit("message", message);
    else if (change) this.#emit(change.type, message, change);
    else this.#emit("deleted", message, { by });
  }

  /** Emits what an answer has that was not known, except at the first join and in another log. */
  #emitMissed(message: Message): void {
    const { seq } = this.cursor;
    if (seq === 0) return;
    if (message.seq > seq) return this.#emit("message", message);
    const key = keyOf(message.sender, message.clientMessageId);
    const known = this.main.set.get(key)?.changedSeq ?? seq;
    if (message.changedSeq > known) this.#emit("changed", message);
  }
}
