/** The logs of all rooms in one collection: appending to them and reading them. */
import { LRUCache } from "lru-cache";
import type { Collection, Document } from "mongodb";
import pLimit from "p-limit";
import {
  type Entry,
  type EntryDraft,
  LOG_START,
  type LogPosition,
  numberEntries,
} from "../../../domain/entry.ts";
import type { Message } from "../../../domain/message.ts";
import type { LogStore, SentKey } from "../../../ports/store/log.ts";
import {
  fromEntry,
  type MessageDocument,
  type MessageView,
  type RoomDocument,
  toEntry,
  toMessage,
  WITH_SENDER,
} from "./documents.ts";
import { isDuplicateKey } from "./errors.ts";
import { GroupInsert } from "./group_insert.ts";
import type { LogEnds } from "./log_ends.ts";
import type { Operations } from "./operations.ts";

const QUESTIONS_AT_ONCE = 20;
const MAX_CONTENDED = 1_000;
/** More than one read asks for, so that an answer is one reply and not several. */
const READ_BATCH = 1_000;

/**
 * What makes numbers gap-free is that an entry is only ever inserted at one past a basis that a
 * majority has, and that the unique index on (room, seq) lets one of several rivals through. Since
 * there are no gaps, a read names the range of numbers that it wants, and no server reads more.
 */
export class MongoLog implements LogStore {
  readonly #messages: Collection<MessageDocument>;
  readonly #rooms: Collection<RoomDocument>;
  readonly #ends: LogEnds;
  readonly #inserts: GroupInsert;
  readonly #operations: Operations;
  /** Rooms whose next append had a rival last time: one that is refused ends a whole group. */
  readonly #contended = new LRUCache<string, true>({ max: MAX_CONTENDED });

  constructor(
    messages: Collection<MessageDocument>,
    rooms: Collection<RoomDocument>,
    ends: LogEnds,
    operations: Operations,
  ) {
    this.#messages = messages;
    this.#rooms = rooms;
    this.#ends = ends;
    this.#inserts = new GroupInsert(messages);
    this.#operations = operations;
  }

  append(roomId: string, basis: LogPosition, drafts: readonly EntryDraft[]): Promise<Entry[]> {
    return this.#operations.run(async () => {
      if (drafts.length === 0) return [];
      const entries = numberEntries(basis, roomId, drafts);
      const failure = await this.#insert(roomId, entries);
      if (failure === null) {
        this.#ends.saw(roomId, basis.seq + entries.length);
        return entries;
      }
      // Whatever went wrong, a part may have been stored.
      const stored = await this.#storedOf(roomId, entries);
      if (stored.length < entries.length && !isDuplicateKey(failure)) throw failure;
      return stored;
    });
  }

  findSent(roomId: string, sent: readonly SentKey[]): Promise<Entry[]> {
    return this.#operations.run(async () => {
      const bySender = Map.groupBy(sent, ({ senderId }) => senderId);
      // One question for all senders would leave the index to the server's planner, and not every
      // server finds it. Not all at once: appends to other rooms need connections as well.
      const found = await pLimit(QUESTIONS_AT_ONCE).map(bySender, ([senderId, own]) => {
        const clientMessageId = { $in: own.map((key) => key.clientMessageId) };
        return this.#read({ roomId, senderId, clientMessageId });
      });
      return found.flat().map(toEntry);
    });
  }

  end(roomId: string): Promise<LogPosition> {
    return this.#operations.run(() => this.#findEnd(roomId));
  }

  heads(roomIds: string[]): Promise<Map<string, number>> {
    return this.#operations.run(async () => {
      const rooms = await this.#rooms
        .find({ _id: { $in: roomIds } }, { projection: { _id: 1 }, batchSize: roomIds.length })
        .toArray();
      const ids = rooms.map(({ _id }) => _id);
      const heads = await this.#ends.findAll(ids);
      return new Map(ids.map((id, i) => [id, heads[i]!]));
    });
  }

  entriesAfter(roomId: string, after: number, limit: number): Promise<Entry[]> {
    return this.#operations.run(() => this.#readEntries(roomId, after + 1, after + limit));
  }

  entriesBefore(roomId: string, before: number, limit: number): Promise<Entry[]> {
    return this.#operations.run(async () => {
      const last = Math.min(before - 1, await this.#ends.find(roomId));
      return await this.#readEntries(roomId, last - limit + 1, last);
    });
  }

  entryId(roomId: string, seq: number): Promise<string | null> {
    return this.#operations.run(async () => {
      const entry = await this.#messages.findOne({ roomId, seq }, { projection: { _id: 1 } });
      return entry?._id ?? null;
    });
  }

  messagesBefore(roomId: string, before: LogPosition, limit: number): Promise<Message[]> {
    return this.#operations.run(async () => {
      const last = Math.min(before.n - 1, (await this.#findEnd(roomId)).n);
      return await this.#readMessages(roomId, last - limit + 1, last);
    });
  }

  messagesAfter(roomId: string, { n }: LogPosition, limit: number): Promise<Message[]> {
    return this.#operations.run(() => this.#readMessages(roomId, n + 1, n + limit));
  }

  position(roomId: string, messageId: string): Promise<LogPosition | null> {
    return this.#operations.run(async () => {
      const filter = { _id: messageId, roomId };
      const message = await this.#messages.findOne(filter, { projection: { seq: 1, n: 1 } });
      return message && { seq: message.seq, n: message.n };
    });
  }

  /** Inserts the entries; returns the failure, if any: a part of them, from the first on, may be stored. */
  async #insert(roomId: string, entries: Entry[]): Promise<unknown> {
    const documents = entries.map(fromEntry);
    const failure = this.#contended.delete(roomId)
      ? await this.#inserts.insertAlone(documents)
      : await this.#inserts.insert(documents);
    // Rivals in one room must not hold up the others' inserts twice.
    if (failure !== null) this.#contended.set(roomId, true);
    return failure;
  }

  /** Those of the entries, from the first on, that are in the log: what counts is what a majority has. */
  async #storedOf(roomId: string, entries: Entry[]): Promise<Entry[]> {
    const ids = entries.map(({ id }) => id);
    const found = await this.#messages
      .find({ _id: { $in: ids }, roomId }, { projection: { seq: 1 }, batchSize: READ_BATCH })
      .toArray();
    const seqs = new Map(found.map(({ _id, seq }) => [_id, seq]));
    // One at another number is an earlier attempt of the same send, and is found as that.
    const end = entries.findIndex(({ id, seq }) => seqs.get(id) !== seq);
    return entries.slice(0, end < 0 ? entries.length : end);
  }

  async #findEnd(roomId: string): Promise<LogPosition> {
    const seq = await this.#ends.find(roomId);
    if (seq === 0) return LOG_START;
    const last = await this.#messages.findOne({ roomId, seq }, { projection: { n: 1 } });
    if (!last) throw new Error(`entry ${seq} of room ${roomId} has gone`);
    return { seq, n: last.n };
  }

  async #readEntries(roomId: string, first: number, last: number): Promise<Entry[]> {
    const range = { roomId, seq: { $gte: first, $lte: last } };
    const views = await this.#read(range, { $sort: { seq: 1 } });
    const end = views.at(-1)?.seq;
    if (end !== undefined) this.#ends.saw(roomId, end);
    return views.map(toEntry);
  }

  async #readMessages(roomId: string, first: number, last: number): Promise<Message[]> {
    const views = await this.#read({ roomId, n: { $gte: first, $lte: last } }, { $sort: { n: 1 } });
    return views.map(toMessage);
  }

  #read(match: Document, ...stages: Document[]): Promise<MessageView[]> {
    return this.#messages.aggregate<MessageView>(
      [{ $match: match }, ...stages, ...WITH_SENDER],
      { batchSize: READ_BATCH },
    ).toArray();
  }
}
