/** Writes what changes make of messages: earlier texts, reactions, and the messages themselves. */
import type { AnyBulkWriteOperation, Collection, Document } from "mongodb";
import type { Collections } from "./collections.ts";
import {
  type EditDocument,
  type EntryDocument,
  type MessageDocument,
  OPTIONAL_CONTENT,
  type ReactionDocument,
} from "./entry_documents.ts";
import { PENDING_KEY, PINNED_KEY, ROOM_MENTION_KEY, threadKey } from "./entry_keys.ts";
import { duplicatesOf } from "./errors.ts";
import { insertNew } from "./inserts.ts";
import { detachments, type FileDocument } from "./file_documents.ts";
import type { Unchanged } from "./projection.ts";
import type { Settled } from "./settled_changes.ts";

/** A message with more keys gets no more of those whom edits mention. */
const MAX_KEYS = 100;

type Write = AnyBulkWriteOperation<EntryDocument>;

/**
 * Everything may be written again, and late: the message only while its `changedSeq` is as it was
 * read, an earlier text only if it is not there, a reaction only over an earlier one. What was
 * erased or removed keeps its place for a while, so that nothing belated comes back.
 */
export class ProjectionWriter {
  readonly #messages: Collection<EntryDocument>;
  readonly #edits: Collection<EditDocument>;
  readonly #reactions: Collection<ReactionDocument>;
  readonly #files: Collection<FileDocument>;

  constructor({ messages, edits, reactions, files }: Collections) {
    this.#messages = messages;
    this.#edits = edits;
    this.#reactions = reactions;
    this.#files = files;
  }

  /**
   * Writes messages and takes their settled changes out of `pending`. The messages come last: until
   * then their changes stay pending, and are applied again.
   */
  async write(settled: readonly Settled<Unchanged>[]): Promise<void> {
    if (settled.length === 0) return;
    await this.#writeDetails(settled);
    await this.#messages.bulkWrite(
      settled.flatMap((each) => [toWrite(each), withoutPendingKey(each.after)]),
    );
  }

  /**
   * As `write`, of those messages that have no later change pending, with one update each.
   * @returns whether all were as they had been read, without a later change
   */
  async writeLast(settled: readonly Settled<Unchanged>[]): Promise<boolean> {
    if (settled.length === 0) return true;
    await this.#writeDetails(settled);
    const writes = settled.flatMap(toLastWrite);
    const { matchedCount } = await this.#messages.bulkWrite(writes);
    return matchedCount === writes.length;
  }

  /** Of those of the messages that have nothing pending. */
  async removePendingKeys(messages: readonly Unchanged[]): Promise<void> {
    await this.#messages.bulkWrite(messages.map(withoutPendingKey));
  }

  async #writeDetails(settled: readonly Settled<Unchanged>[]): Promise<void> {
    await Promise.all([
      this.#writeEdits(settled),
      this.#writeReactions(settled),
      this.#writeMentions(settled),
      this.#writeFiles(settled),
    ]);
  }

  /** Has it looked at whether the files of deleted messages are in others. */
  async #writeFiles(settled: readonly Settled<Unchanged>[]): Promise<void> {
    const writes = settled.flatMap(({ before, after }) => {
      const at = deletionTime(after);
      return at ? detachments([before], at) : [];
    });
    if (writes.length > 0) await this.#files.bulkWrite(writes);
  }

  /**
   * Adds keys only: a belated write must not remove those of a later edit. Once a message has too
   * many it is found as one that may mention everybody.
   */
  async #writeMentions(settled: readonly Settled<Unchanged>[]): Promise<void> {
    const writes = settled.flatMap(({ after: { _id, roomId }, mentionKeys }): Write[] => {
      if (mentionKeys.length === 0) return [];
      const toAddition = (isFull: boolean, keys: string[]): Write => {
        const filter: Document = { _id, roomId, deletedAt: { $exists: false } };
        filter[`keys.${MAX_KEYS}`] = { $exists: isFull };
        const update = { $addToSet: { keys: { $each: keys } } } as Document;
        return { updateOne: { filter, update } };
      };
      return [toAddition(true, [ROOM_MENTION_KEY]), toAddition(false, mentionKeys)];
    });
    if (writes.length > 0) await this.#messages.bulkWrite(writes, { ordered: false });
  }

  async #writeEdits(settled: readonly Settled<Unchanged>[]): Promise<void> {
    await insertNew(this.#edits, settled.flatMap(({ edits }) => edits));
    const erasures = settled.flatMap(({ after }): AnyBulkWriteOperation<EditDocument>[] => {
      const { _id: messageId, roomId } = after;
      const erasedAt = deletionTime(after);
      if (!erasedAt) return [];
      const update = { $set: { erasedAt }, $unset: { text: "" } } as const;
      return [{ updateMany: { filter: { roomId, messageId }, update } }];
    });
    if (erasures.length > 0) await this.#edits.bulkWrite(erasures, { ordered: false });
  }

  async #writeReactions(settled: readonly Settled<Unchanged>[]): Promise<void> {
    // Most are new, and an insert costs less than an upsert.
    const reactions = settled.flatMap(({ reactions }) => reactions);
    const known = await insertNew(this.#reactions, reactions);
    const removals = settled.flatMap(({ after }): AnyBulkWriteOperation<ReactionDocument>[] => {
      const { _id: messageId, roomId, changedSeq: seq = 0 } = after;
      const removedAt = deletionTime(after);
      if (!removedAt) return [];
      const filter = { roomId, messageId, seq: { $lt: seq } };
      return [{ updateMany: { filter, update: { $set: { seq, removedAt } } } }];
    });
    const writes = [...Array.from(known, (i) => toReactionWrite(reactions[i]!)), ...removals];
    if (writes.length === 0) return;
    const refused = await this.#writeUpserts(writes);
    // A reaction that was inserted at the same moment by an earlier change is overwritten now; one
    // that refuses this again is of a later change.
    if (refused.length > 0) await this.#writeUpserts(refused);
  }

  /** Returns the writes that would have inserted what is there. */
  async #writeUpserts(writes: AnyBulkWriteOperation<ReactionDocument>[]) {
    try {
      await this.#reactions.bulkWrite(writes, { ordered: false });
      return [];
    } catch (error) {
      return duplicatesOf(error).map(({ index }) => writes[index]!);
    }
  }
}

/**
 * Writes what the changes make of a message, if it is as it was, and takes them out of `pending`: no
 * others of their numbers, of which one may have been announced and committed since the look-up.
 */
function toWrite({ before, after, pinnedSeq, isChanged, decided }: Settled<Unchanged>): Write {
  const { _id, roomId } = after;
  const $pullAll: Document = { pending: decided };
  if (!isChanged) return { updateOne: { filter: { _id, roomId }, update: { $pullAll } } };
  const filter = { _id, roomId, changedSeq: before.changedSeq ?? null } as Document;
  const { set, unset } = replacement(after);
  const update: Document = { $set: set, $unset: unset };
  if (pinnedSeq === null) unset.pinnedSeq = "";
  if (deletionTime(after)) {
    set.keys = [PENDING_KEY, ...threadKeys(after)];
    // What was announced after it will be refused.
    set.pending = [];
    return { updateOne: { filter, update } };
  }
  update.$pullAll = $pullAll;
  if (pinnedSeq) {
    set.pinnedSeq = pinnedSeq;
    update.$addToSet = { keys: PINNED_KEY };
  } else if (pinnedSeq === null) {
    update.$pull = { keys: PINNED_KEY };
  }
  return { updateOne: { filter, update } };
}

/** As `toWrite` and `withoutPendingKey`, if no later change is pending. */
function toLastWrite(settled: Settled<Unchanged>): Write[] {
  const { before, after, pinnedSeq, decided } = settled;
  // A key cannot be added and another removed with one update.
  if (pinnedSeq) return [toWrite(settled), withoutPendingKey(after)];
  const { _id, roomId } = after;
  const { set, unset } = replacement(after);
  const filter: Document = { _id, roomId, changedSeq: before.changedSeq ?? null };
  unset.pending = "";
  if (pinnedSeq === null) unset.pinnedSeq = "";
  const update: Document = { $set: set, $unset: unset };
  if (deletionTime(after)) {
    set.keys = threadKeys(after);
  } else {
    filter.pending = { $not: { $elemMatch: { seq: { $gt: decided.at(-1)!.seq } } } };
    update.$pull = { keys: pinnedSeq === null ? { $in: [PENDING_KEY, PINNED_KEY] } : PENDING_KEY };
  }
  return [{ updateOne: { filter, update } }];
}

/** What replaces all that changes of a message may change. */
function replacement(after: Unchanged & Partial<MessageDocument>) {
  const { text, updatedAt, changedSeq } = after;
  const set: Document = { text, updatedAt, changedSeq };
  const unset: Document = {};
  for (const name of OPTIONAL_CONTENT) {
    if (after[name] === undefined) unset[name] = "";
    else set[name] = after[name];
  }
  return { set, unset };
}

function threadKeys({ threadId }: Partial<MessageDocument>): string[] {
  return threadId === undefined ? [] : [threadKey(threadId)];
}

function deletionTime({ deletedAt }: Partial<MessageDocument>): Date | undefined {
  return deletedAt;
}

/** Once nothing is pending, the message is no longer found as one that has something. */
function withoutPendingKey({ _id, roomId }: Unchanged): Write {
  const update = { $unset: { pending: "" }, $pull: { keys: PENDING_KEY } } as Document;
  return { updateOne: { filter: { _id, roomId, pending: { $size: 0 } } as Document, update } };
}

/** Writes a reaction over an earlier one, or where there is none. */
function toReactionWrite(
  { _id, roomId, seq, removedAt, ...fields }: ReactionDocument,
): AnyBulkWriteOperation<ReactionDocument> {
  const filter = { _id, roomId, seq: { $lt: seq } };
  const update = removedAt
    ? { $set: { ...fields, seq, removedAt } }
    : { $set: { ...fields, seq }, $unset: { removedAt: "" } as const };
  return { updateOne: { filter, update, upsert: true } };
}
