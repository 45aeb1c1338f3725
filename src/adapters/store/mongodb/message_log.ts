/** The logs of all rooms in one collection: appending to them and reading them. */
import type { Collection, Document } from "mongodb";
import pLimit from "p-limit";
import { unavailable } from "../../../domain/errors.ts";
import type { Message, MessageDraft } from "../../../domain/message.ts";
import {
  fromDraft,
  type MessageDocument,
  type MessageView,
  toMessage,
  WITH_SENDER,
} from "./documents.ts";
import { isDuplicateKey } from "./errors.ts";
import { GroupInsert } from "./group_insert.ts";
import { LogEnds } from "./log_ends.ts";

/** How long an append competes for numbers with others before it gives up. */
const CONTENTION_LIMIT_MS = 4_000;
const MAX_BACKOFF_MS = 50;
const QUESTIONS_AT_ONCE = 20;

/** More than one read asks for, so that an answer is one reply and not several. */
const READ_BATCH = 1_000;

/**
 * The part of the `Store` port that is about messages; see there for what each method guarantees.
 *
 * What makes numbers gap-free is that an entry is only ever inserted at one past a head that a
 * majority has, and that the unique index on (room, seq) lets one of several rivals through. Since
 * there are no gaps, a read names the range of numbers that it wants, and no server reads more.
 */
export class MessageLog {
  /** Where logs ended when last seen spares an append the search. */
  readonly ends: LogEnds;
  readonly #messages: Collection<MessageDocument>;
  readonly #inserts: GroupInsert;

  constructor(messages: Collection<MessageDocument>) {
    this.#messages = messages;
    this.ends = new LogEnds(messages);
    this.#inserts = new GroupInsert(messages);
  }

  async append(roomId: string, drafts: MessageDraft[]): Promise<Message[]> {
    const stored = new Map<string, Message>();
    const deadline = performance.now() + CONTENTION_LIMIT_MS;
    let waiting = drafts;
    let head = this.ends.lastSeen(roomId) ?? await this.ends.find(roomId);
    for (let attempt = 0; waiting.length > 0; attempt++) {
      const failure = await this.#insert(roomId, head, waiting, attempt === 0);
      if (failure === null) {
        waiting.forEach((draft, i) =>
          stored.set(keyOf(draft), numbered(draft, roomId, head + 1 + i))
        );
        break;
      }
      // Whatever went wrong, a part may have been stored: by this attempt, an earlier one, or as
      // somebody else's duplicate. Only what a majority has counts, so that it is looked up.
      for (const message of await this.#findSent(roomId, waiting)) {
        stored.set(keyOf(message), message);
      }
      waiting = waiting.filter((draft) => !stored.has(keyOf(draft)));
      if (waiting.length === 0) break;
      if (!isDuplicateKey(failure)) throw failure;
      if (performance.now() > deadline) throw unavailable("The room is too busy.", failure);
      await backOff(attempt);
      head = await this.ends.find(roomId);
    }
    return drafts.flatMap((draft) => stored.get(keyOf(draft)) ?? []);
  }

  readAfter(roomId: string, after: number, limit: number): Promise<Message[]> {
    return this.#readRange(roomId, after + 1, after + limit);
  }

  async readBefore(roomId: string, before: number, limit: number): Promise<Message[]> {
    const known = this.ends.lastSeen(roomId) ?? 0;
    const last = before <= known ? before - 1 : Math.min(before - 1, await this.ends.find(roomId));
    return await this.#readRange(roomId, last - limit + 1, last);
  }

  async findSeq(roomId: string, messageId: string): Promise<number | null> {
    const message = await this.#messages.findOne({ _id: messageId, roomId }, {
      projection: { seq: 1 },
    });
    return message?.seq ?? null;
  }

  /** Inserts the drafts after `head`; returns the failure, if any: a prefix may be stored then. */
  async #insert(
    roomId: string,
    head: number,
    drafts: MessageDraft[],
    grouped: boolean,
  ): Promise<unknown> {
    const documents = drafts.map((draft, i) => fromDraft(draft, roomId, head + 1 + i));
    const failure = grouped
      ? await this.#inserts.insert(documents)
      : await this.#inserts.insertAlone(documents);
    if (failure === null) this.ends.saw(roomId, head + documents.length);
    return failure;
  }

  /** The messages of the room's log that have a draft's sender and clientMessageId. */
  async #findSent(roomId: string, drafts: MessageDraft[]): Promise<Message[]> {
    const bySender = Map.groupBy(drafts, (draft) => draft.sender.id);
    // One question for all senders would leave the index to the server's planner, and not every
    // server finds it. Not all at once: appends to other rooms need connections as well.
    const found = await pLimit(QUESTIONS_AT_ONCE).map(bySender, ([senderId, own]) => {
      const clientMessageId = { $in: own.map((draft) => draft.clientMessageId) };
      return this.#read({ roomId, senderId, clientMessageId });
    });
    return found.flat();
  }

  /** The entries from `first` to `last`, so far as there are any, ascending. */
  async #readRange(roomId: string, first: number, last: number): Promise<Message[]> {
    const range = { roomId, seq: { $gte: first, $lte: last } };
    const messages = await this.#read(range, { $sort: { seq: 1 } });
    // What another instance has written would refuse this one's next append.
    const end = messages.at(-1)?.seq;
    if (end !== undefined) this.ends.saw(roomId, end);
    return messages;
  }

  async #read(match: Document, ...stages: Document[]): Promise<Message[]> {
    const views = await this.#messages.aggregate<MessageView>(
      [{ $match: match }, ...stages, ...WITH_SENDER],
      { batchSize: READ_BATCH },
    ).toArray();
    return views.map(toMessage);
  }
}

function numbered(draft: MessageDraft, roomId: string, seq: number): Message {
  return { ...draft, roomId, seq, updatedAt: draft.createdAt };
}

/** What a message is recognised by within its room. */
function keyOf({ sender, clientMessageId }: Pick<Message, "sender" | "clientMessageId">): string {
  return JSON.stringify([sender.id, clientMessageId]);
}

/** Waits a random while, so that rivals for one number do not collide in step. */
function backOff(attempt: number): Promise<void> {
  const limit = Math.min(MAX_BACKOFF_MS, 2 ** attempt);
  return new Promise((resolve) => setTimeout(resolve, Math.random() * limit));
}
