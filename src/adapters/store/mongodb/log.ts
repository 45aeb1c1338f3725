/** The logs of all rooms in one collection: appending to them and reading them. */
import { LRUCache } from "lru-cache";
import type { Collection } from "mongodb";
import pLimit from "p-limit";
import {
  type ChangeDraft,
  type Entry,
  type EntryDraft,
  type LogPosition,
  numberEntries,
  positionOf,
} from "../../../domain/entry.ts";
import type { LogStore, SentKey } from "../../../ports/store/log.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import type { RoomDocument } from "./room_documents.ts";
import {
  contentOf,
  type EntryDocument,
  fromChange,
  fromCreation,
  hasEffects,
  usesOf,
} from "./entry_documents.ts";
import type { EntryReader } from "./entry_reader.ts";
import { GroupInsert, type InsertOutcome } from "./group_insert.ts";
import type { LogEnds } from "./log_ends.ts";
import type { Operations } from "./operations.ts";
import type { PendingChanges } from "./pending_changes.ts";
import type { AppendedChange } from "./projection.ts";
import type { Changes, RoomChanges } from "./room_changes.ts";
import { toPending } from "./settled_changes.ts";

const QUERIES_AT_ONCE = 20;
const MAX_CONTENDED = 1_000;

/**
 * Numbers have no gaps because an entry is only ever inserted at one past a basis that a majority
 * has, and because the unique index on (room, seq) admits one of several rivals. So a read names the
 * range of numbers that it wants, and no server reads more.
 */
export class MongoLog implements LogStore {
  readonly #messages: Collection<EntryDocument>;
  readonly #rooms: Collection<RoomDocument>;
  readonly #readOptions: ReadOptions;
  readonly #reader: EntryReader;
  readonly #changes: PendingChanges;
  readonly #roomChanges: RoomChanges;
  readonly #ends: LogEnds;
  readonly #inserts: GroupInsert;
  readonly #operations: Operations;
  /** Rooms whose last append was refused: the next is not put into a group, which it would end. */
  readonly #contended = new LRUCache<string, true>({ max: MAX_CONTENDED });

  constructor(
    { messages, rooms, limits, readOptions }: Collections,
    reader: EntryReader,
    changes: Changes,
    ends: LogEnds,
    operations: Operations,
  ) {
    this.#messages = messages;
    this.#rooms = rooms;
    this.#readOptions = readOptions;
    this.#reader = reader;
    this.#changes = changes.messages;
    this.#roomChanges = changes.rooms;
    this.#ends = ends;
    this.#inserts = new GroupInsert(messages, limits);
    this.#operations = operations;
  }

  append(roomId: string, basis: LogPosition, drafts: readonly EntryDraft[]): Promise<Entry[]> {
    return this.#operations.run(async () => {
      if (drafts.length === 0) return [];
      const entries = numberEntries(basis, roomId, drafts);
      const changes = changesOf(entries, drafts);
      await this.#changes.announce(roomId, changes.filter(({ before }) => before.seq <= basis.seq));
      const outcome = await this.#insert(roomId, toDocuments(entries, drafts, changes));
      const stored = "stored" in outcome
        ? entries.slice(0, outcome.stored)
        : await this.#storedOf(roomId, entries);
      const last = stored.at(-1);
      if (last) this.#ends.saw(roomId, positionOf(last));
      const end = last?.seq ?? basis.seq;
      await this.#apply(roomId, changes.filter(({ change }) => change.seq <= end));
      if (stored.some((entry, i) => hasEffects(entry) || changesSender(drafts[i]!))) {
        await this.#roomChanges.settle(roomId);
      }
      if ("failure" in outcome && stored.length < entries.length) throw outcome.failure;
      await this.#changes.withdraw(roomId, changes.filter(({ change }) => change.seq > end));
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
        return this.#reader.read(roomId, { senderId, clientMessageId });
      });
      return await this.#reader.toEntries(roomId, found.flat());
    });
  }

  end(roomId: string): Promise<LogPosition> {
    return this.#operations.run(async () => positionOf(await this.#ends.find(roomId)));
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
    return this.#operations.run(async () => {
      const seq = { $gte: after + 1, $lte: after + limit };
      const entries = await this.#reader.entries(roomId, { seq }, { $sort: { seq: 1 } });
      const end = entries.at(-1);
      if (end) this.#ends.saw(roomId, positionOf(end));
      return entries;
    });
  }

  entryId(roomId: string, seq: number): Promise<string | null> {
    return this.#operations.run(async () => {
      const entry = await this.#messages.findOne({ roomId, seq }, { projection: { _id: 1 } });
      return entry?._id ?? null;
    });
  }

  async #apply(roomId: string, committed: readonly AppendedChange[]): Promise<void> {
    if (committed.length === 0) return;
    const applied = this.#changes.apply(roomId, committed);
    this.#operations.follow(applied);
    await this.#changes.pace(committed, applied);
  }

  async #insert(roomId: string, documents: EntryDocument[]): Promise<InsertOutcome> {
    const outcome = this.#contended.delete(roomId)
      ? await this.#inserts.insertAlone(documents)
      : await this.#inserts.insert(documents);
    const complete = "stored" in outcome && outcome.stored === documents.length;
    if (!complete) this.#contended.set(roomId, true);
    return outcome;
  }

  /** Those of the entries, from the first on, that a majority has. */
  async #storedOf(roomId: string, entries: Entry[]): Promise<Entry[]> {
    const ids = entries.map(({ id }) => id);
    const found = await this.#messages
      .find({ _id: { $in: ids }, roomId }, { projection: { seq: 1 }, ...this.#readOptions })
      .toArray();
    const seqs = new Map(found.map(({ _id, seq }) => [_id, seq]));
    // An entry at another number is of an earlier attempt, and is found as that.
    const end = entries.findIndex(({ id, seq }) => seqs.get(id) !== seq);
    return entries.slice(0, end < 0 ? entries.length : end);
  }
}

/** The changes among the entries, with what they were decided on. */
function changesOf(entries: readonly Entry[], drafts: readonly EntryDraft[]): AppendedChange[] {
  return entries.flatMap((entry, i) => {
    const draft = drafts[i]!;
    if (entry.kind === "created" || draft.kind === "created") return [];
    const { id, seq, kind, message } = entry;
    const change = { id, seq, kind, content: contentOf(message), ...usesOf(entry) };
    return [{ change, before: unchanged(draft) }];
  });
}

function unchanged({ before }: ChangeDraft): AppendedChange["before"] {
  const { id: _id, roomId, seq, changedSeq } = before;
  const numbers = changedSeq === seq ? { seq } : { seq, changedSeq };
  return { _id, roomId, ...numbers, ...contentOf(before) };
}

function changesSender(draft: EntryDraft): boolean {
  return draft.kind === "created" && (draft.isSlow === true || draft.joins === true);
}

/** A message that is created and changed at once has its changes pending from the beginning. */
function toDocuments(
  entries: readonly Entry[],
  drafts: readonly EntryDraft[],
  changes: readonly AppendedChange[],
): EntryDocument[] {
  return entries.map((entry, i) => {
    const { kind } = entry;
    if (kind !== "created") return fromChange(entry, kind);
    const draft = drafts[i]!;
    const own = changes.filter(({ before }) => before._id === entry.id);
    const pending = own.map(({ change }) => toPending(change));
    return fromCreation(entry, draft.kind === "created" ? draft : undefined, pending);
  });
}
