/** Prepares the database at the start: documents brought up to date in place, and the indexes. */
import { getLogger } from "@logtape/logtape";
import type { Collection, Db, Document, Filter } from "mongodb";
import type { Role } from "../../../domain/membership.ts";
import { nameWords } from "../../../domain/name.ts";
import { OPEN_SETTINGS } from "../../../domain/room.ts";
import { collectionsOf, createIndexes } from "./collections.ts";
import { markOf } from "./account_documents.ts";
import { IS_MEMBER, memberOf } from "./member_documents.ts";
import type { EntryDocument, MessageDocument } from "./entry_documents.ts";
import { mentionKeys } from "./entry_keys.ts";
import { isDuplicateKey } from "./errors.ts";
import { parseMessage } from "../message_copy.ts";

const logger = getLogger(["echoroom", "migration"]);

/**
 * The version of the documents that this EchoRoom reads and writes. Version 8 has files: an instance of
 * an earlier one would delete messages without theirs. One of version 8 would index messages without
 * the terms that version 9 finds them by; one of version 9 would delete files that reports have.
 */
const VERSION = 10;
const DOCUMENTS_AT_ONCE = 1_000;
/** Updates under way at once, so that waiting for a majority costs little. */
const UPDATES_AT_ONCE = 4;
const PROGRESS_MS = 5_000;

const WITHOUT_ORDINAL = { n: { $exists: false } };

/**
 * Brings documents of an earlier version up to date and makes the indexes that are missing. Each
 * step may be repeated, and run by several instances at once: killed halfway, the next start
 * continues. No instance of an earlier version may write meanwhile or afterwards.
 * @param db whose commands may take as long as they need
 * @param batchSize documents in one update
 * @throws Error of one line if the database was written by a later version, or an instance of an
 *   earlier version still writes to it
 */
export async function migrate(db: Db, batchSize = DOCUMENTS_AT_ONCE): Promise<void> {
  const { meta } = collectionsOf(db);
  const schema = await meta.findOne<{ version: number }>({ _id: "schema" });
  const version = schema?.version ?? 1;
  if (version > VERSION) {
    throw new Error(
      `its documents are of version ${version}, and this EchoRoom reads version ${VERSION}; ` +
        "start the release that wrote them, or a later one",
    );
  }
  if (version === VERSION) return await createIndexes(db);
  if (version === 1) await migrateFrom1(db, batchSize);
  // What version 3 adds to messages is absent in those of earlier versions, and read as its default.
  else await createIndexes(db);
  if (version < 3) await addMembers(db);
  else if (version < 4) await addMentionKeys(db);
  if (version < 5) await addSettings(db);
  if (version < 6) await addMarks(db);
  await addNameWords(db);
  if (version === 8) await outdateSearch(db);
  await addReportFiles(db);
  await meta.updateOne({ _id: "schema" }, { $set: { version: VERSION } }, { upsert: true });
}

async function migrateFrom1(db: Db, batchSize: number): Promise<void> {
  await addOrdinals(db, batchSize);
  await createUniqueIndexes(db);
  // The index admits one message of an earlier version in each room.
  await addOrdinals(db, batchSize);
}

/** To version 3: who has written to a room is a member, and has read all that there is. */
async function addMembers(db: Db): Promise<void> {
  const { rooms, messages, members } = collectionsOf(db);
  for await (const { _id: roomId, creatorId, createdAt: joinedAt } of rooms.find()) {
    const [last] = await messages.find({ roomId }).sort({ seq: -1 }).limit(1).toArray();
    const senders = await messages.distinct("senderId", { roomId });
    const added = [...new Set([creatorId, ...senders])].map((userId) => {
      const role: Role = userId === creatorId ? "owner" : "member";
      const { _id, ...fields } = memberOf(roomId, userId, {
        role,
        readSeq: last?.seq ?? 0,
        joinedAt,
      });
      return { updateOne: { filter: { _id }, update: { $setOnInsert: fields }, upsert: true } };
    });
    await members.bulkWrite(added, { ordered: false });
  }
}

/** To version 4: messages are found by whom they mention. */
async function addMentionKeys(db: Db): Promise<void> {
  const { messages } = collectionsOf(db);
  const mentioning = { $or: [{ mentions: { $exists: true } }, { mentionsRoom: true }] };
  const cursor = messages.find<MessageDocument>(mentioning as Filter<EntryDocument>, {
    projection: { mentions: 1, mentionsRoom: 1 },
  });
  for await (const batch of inBatches(cursor, DOCUMENTS_AT_ONCE)) {
    const updates = batch.map(({ _id, ...mentions }) => {
      const update = { $addToSet: { keys: { $each: mentionKeys(mentions) } } } as Document;
      return { updateOne: { filter: { _id }, update } };
    });
    await messages.bulkWrite(updates, { ordered: false });
  }
}

/** To version 5: all rooms are public, and members joined with their first message. */
async function addSettings(db: Db): Promise<void> {
  const { rooms, messages, members } = collectionsOf(db);
  const { metadata: _, ...settings } = OPEN_SETTINGS;
  for await (const { _id: roomId, createdAt } of rooms.find({ changedSeq: { $exists: false } })) {
    const firsts = await messages.aggregate<{ _id: string; at: Date }>([
      { $match: { roomId, kind: { $exists: false } } },
      { $group: { _id: "$senderId", at: { $min: "$createdAt" } } },
    ]).toArray();
    const joinedAt = new Map(firsts.map(({ _id, at }) => [_id, at]));
    const found = await members.find({ roomId }).toArray();
    const updates = found.map(({ _id, userId }) => {
      const set = { joinedAt: joinedAt.get(userId) ?? createdAt, seq: 0 };
      return { updateOne: { filter: { _id }, update: { $set: set } } };
    });
    if (updates.length > 0) await members.bulkWrite(updates, { ordered: false });
    await rooms.updateOne(
      { _id: roomId },
      { $set: { ...settings, metadata: null, memberCount: found.length, changedSeq: 0 } },
    );
  }
}

/** To version 6: the rooms of each user are items of their account, numbered when they are asked for. */
async function addMarks(db: Db): Promise<void> {
  const { members } = collectionsOf(db);
  const cursor = members.find({ ...IS_MEMBER, pending: { $exists: false } }, {
    projection: { userId: 1 },
  });
  for await (const batch of inBatches(cursor, DOCUMENTS_AT_ONCE)) {
    const updates = batch.map(({ _id, userId }) => {
      const update = { $addToSet: { pending: markOf(userId, "room", "0") } };
      return { updateOne: { filter: { _id }, update } };
    });
    await members.bulkWrite(updates, { ordered: false });
  }
}

/** To version 7: people are found by the words of their names. */
async function addNameWords(db: Db): Promise<void> {
  const { users } = collectionsOf(db);
  const cursor = users.find({ words: { $exists: false } }, { projection: { displayName: 1 } });
  for await (const batch of inBatches(cursor, DOCUMENTS_AT_ONCE)) {
    const updates = batch.map(({ _id, displayName }) => {
      const set = { words: nameWords(displayName) };
      return { updateOne: { filter: { _id, displayName }, update: { $set: set } } };
    });
    await users.bulkWrite(updates, { ordered: false });
  }
}

/**
 * From version 8: senders, files and links are terms of the index that messages are found by. It is
 * made again in the background; what it has is found meanwhile, but by none of these.
 */
async function outdateSearch(db: Db): Promise<void> {
  const { meta } = collectionsOf(db);
  await meta.updateOne({ _id: "search" }, { $inc: { generation: 1 } }, { upsert: true });
}

/** To version 10: reports keep the files of their messages. */
async function addReportFiles(db: Db): Promise<void> {
  const { reports } = collectionsOf(db);
  const cursor = reports.find({ fileIds: { $exists: false } }, { projection: { message: 1 } });
  for await (const batch of inBatches(cursor, DOCUMENTS_AT_ONCE)) {
    const updates = batch.flatMap(({ _id, message }) => {
      const fileIds = parseMessage(message).attachments.map(({ id }) => id);
      if (fileIds.length === 0) return [];
      return [{ updateOne: { filter: { _id }, update: { $set: { fileIds } } } }];
    });
    if (updates.length > 0) await reports.bulkWrite(updates, { ordered: false });
  }
}

async function createUniqueIndexes(db: Db): Promise<void> {
  try {
    await createIndexes(db);
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    throw new Error(
      "an EchoRoom of an earlier version still writes to it; stop all instances, then start again",
      { cause: error },
    );
  }
}

/** To version 2: messages get an ordinal. Every entry of version 1 creates a message. */
async function addOrdinals(db: Db, batchSize: number): Promise<void> {
  const { messages } = collectionsOf(db);
  const total = await messages.estimatedDocumentCount();
  const start = Date.now();
  let [done, reported] = [0, start];
  const ranges = rangesOf(messages, batchSize);
  const update = async () => {
    for (let next = await ranges.next(); !next.done; next = await ranges.next()) {
      const filter = { ...next.value, ...WITHOUT_ORDINAL } as Filter<EntryDocument>;
      const { modifiedCount } = await messages.updateMany(filter, [{ $set: { n: "$seq" } }]);
      done += modifiedCount;
      if (Date.now() - reported < PROGRESS_MS) continue;
      reported = Date.now();
      logger.info("Migrating messages: {done} of {total}", { done, total });
    }
  };
  await Promise.all(Array.from({ length: UPDATES_AT_ONCE }, update));
  const seconds = Math.ceil((Date.now() - start) / 1_000);
  if (done > 0) logger.info("Migrated {done} messages in {seconds} s", { done, seconds });
}

/** What matches the messages without ordinals of each room, so many at a time. */
async function* rangesOf(messages: Collection<EntryDocument>, size: number) {
  // `distinct` answers in one document, which the ids of very many rooms exceed.
  const rooms = messages.aggregate<{ _id: string; last: number }>([
    { $match: WITHOUT_ORDINAL },
    { $group: { _id: "$roomId", last: { $max: "$seq" } } },
  ]);
  for await (const { _id: roomId, last } of rooms) {
    for (let after = 0; after < last; after += size) {
      yield { roomId, seq: { $gt: after, $lte: after + size } };
    }
  }
}

async function* inBatches<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    if (batch.push(item) < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
