/** The logs of all rooms in one collection: appending to them and reading them. */
import { LRUCache } from "lru-cache";
import type { Collection, Document } from "mongodb";
import pLimit from "p-limit";
import {
  type Entry,
  type EntryDraft,
  type LogPosition,
  numberEntries,
  positionOf,
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
import { GroupInsert, type InsertOutcome } from "./group_insert.ts";
import type { LogEnds } from "./log_ends.ts";
import type { Operations } from "./operations.ts";
import { lackOrdinals, repairOrdinals } from "./ordinals.ts";

const QUERIES_AT_ONCE = 20;
const MAX_CONTENDED = 1_000;
/** More than any read asks for, so that one reply holds the whole answer. */
const READ_BATCH = 1_000;

/**
 * Numbers have no gaps because an entry is only ever inserted at one past a basis that a majority
 * has, and because the unique index on (room, seq) admits one of several rivals. So a read names the
 * range of numbers that it wants, and no server reads more.
 */
export class MongoLog implements LogStore {
  readonly #messages: Collection<MessageDocument>;
  readonly #rooms: Collection<RoomDocument>;
  readonly #ends: LogEnds;
  readonly #inserts: GroupInsert;
  readonly #operations: Operations;
  /** Rooms whose last append was refused: the next is not put into a group, which it would end. */
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
      const outcome = await this.#insert(roomId, entries);
      const stored = "stored" in outcome
        ? entries.slice(0, outcome.stored)
        : await this.#storedOf(roomId, entries);
      const last = stored.at(-1);
      if (last) this.#ends.saw(roomId, positionOf(last));
      if ("failure" in outcome && stored.length < entries.length) throw outcome.failure;
      return stored;
    });
  }

  findSent(roomId: string, sent: readonly SentKey[]): Promise<Entry[]> {
    return this.#operations.run(async () => {
      const bySender = Map.groupBy(sent, ({ senderId }) => senderId);
      // One query for all senders would leave the index to the server's planner, and not every
      // server finds it. Not all at once: appends to other rooms need connections as well.
      const found = await pLimit(QUERIES_AT_ONCE).map(bySender, ([senderId, own]) => {
        const clientMessageId = { $in: own.map((key) => key.clientMessageId) };
        return this.#read({ roomId, senderId, clientMessageId });
      });
      return found.flat().map(toEntry);
    });
  }

  end(roomId: string): Promise<LogPosition> {
    return this.#operations.run(() => this.#ends.find(roomId));
  }

  heads(roomIds: string[]): Promise<Map<string, number>> {
    return this.#operations.run(async () => {
      const rooms = await this.#rooms
        .find({ _id: { $in: roomIds } }, { projection: { _id: 1 }, batchSize: roomIds.length })
        .toArray();
      const ids = rooms.map(({ _id }) => _id);
      const ends = await this.#ends.findAll(ids);
      return new Map(ids.map((id, i) => [id, ends[i]!.seq]));
    });
  }

  entriesAfter(roomId: string, after: number, limit: number): Promise<Entry[]> {
    return this.#operations.run(() => this.#readEntries(roomId, after + 1, after + limit));
  }

  entriesBefore(roomId: string, before: number, limit: number): Promise<Entry[]> {
    return this.#operations.run(async () => {
      const exists = before - 1 <= this.#ends.lastSeen(roomId).seq;
      const last = exists ? before - 1 : Math.min(before - 1, (await this.#ends.find(roomId)).seq);
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
      const exists = before.n - 1 <= this.#ends.lastSeen(roomId).n;
      const last = exists
        ? before.n - 1
        : Math.min(before.n - 1, (await this.#ends.find(roomId)).n);
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

  async #insert(roomId: string, entries: Entry[]): Promise<InsertOutcome> {
    const documents = entries.map(fromEntry);
    const outcome = this.#contended.delete(roomId)
      ? await this.#inserts.insertAlone(documents)
      : await this.#inserts.insert(documents);
    const complete = "stored" in outcome && outcome.stored === entries.length;
    if (!complete) this.#contended.set(roomId, true);
    return outcome;
  }

  /** Those of the entries, from the first on, that a majority has. */
  async #storedOf(roomId: string, entries: Entry[]): Promise<Entry[]> {
    const ids = entries.map(({ id }) => id);
    const found = await this.#messages
      .find({ _id: { $in: ids }, roomId }, { projection: { seq: 1 }, batchSize: READ_BATCH })
      .toArray();
    const seqs = new Map(found.map(({ _id, seq }) => [_id, seq]));
    // An entry at another number is of an earlier attempt, and is found as that.
    const end = entries.findIndex(({ id, seq }) => seqs.get(id) !== seq);
    return entries.slice(0, end < 0 ? entries.length : end);
  }

  async #readEntries(roomId: string, first: number, last: number): Promise<Entry[]> {
    const range = { roomId, seq: { $gte: first, $lte: last } };
    const views = await this.#read(range, { $sort: { seq: 1 } });
    const end = views.at(-1);
    if (end) this.#ends.saw(roomId, { seq: end.seq, n: end.n });
    return views.map(toEntry);
  }

  async #readMessages(roomId: string, first: number, last: number): Promise<Message[]> {
    const views = await this.#read({ roomId, n: { $gte: first, $lte: last } }, { $sort: { n: 1 } });
    return views.map(toMessage);
  }

  async #read(match: Document & { roomId: string }, ...stages: Document[]): Promise<MessageView[]> {
    const views = await this.#messages.aggregate<MessageView>(
      [{ $match: match }, ...stages, ...WITH_SENDER],
      { batchSize: READ_BATCH },
    ).toArray();
    if (!lackOrdinals(views)) return views;
    await repairOrdinals(this.#messages, match.roomId);
    return await this.#read(match, ...stages);
  }
}
