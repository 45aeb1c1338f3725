/** How entries that change messages get into the messages' documents, without transactions. */
import { getLogger } from "@logtape/logtape";
import type { AnyBulkWriteOperation, Collection, Document } from "mongodb";
import type { Collections } from "./collections.ts";
import type { EditDocument, ReactionDocument } from "./documents.ts";
import {
  type ChangeDocument,
  type EntryDocument,
  type MessageDocument,
  OPTIONAL_CONTENT,
  PENDING_KEY,
  type PendingChange,
  PINNED_KEY,
  threadKey,
} from "./entry_documents.ts";
import { duplicatesOf } from "./errors.ts";
import { type CommittedChange, project, type Projection, type Unchanged } from "./projection.ts";

const logger = getLogger(["echoroom", "store"]);

/** A change that is older was not applied by who appended it, so that its readers do it. */
const GRACE_MS = 2_000;
/** More than any call asks for, so that one reply holds the whole answer. */
const READ_BATCH = 1_000;

type Write = AnyBulkWriteOperation<EntryDocument>;
type LoggedChange = Pick<ChangeDocument, "_id" | "seq" | "added" | "removed">;

/** A change of one append, with the message that it was decided on. */
export interface AppendedChange {
  change: CommittedChange;
  before: Unchanged;
}

/** What the log has made of a message's pending changes. */
interface Settled<T extends Unchanged> extends Projection<T> {
  /** Whether any was committed. */
  isChanged: boolean;
  /** The last of those whose numbers the log has, committed or not. */
  upTo: number;
  /** When it was changed last, or would have been. */
  at: Date;
}

/**
 * An append writes three times, and may die in between:
 *
 * 1. `announce` puts the changes, with what they make of the message, into its `pending`;
 * 2. the log gets the entries, if it ends where they were decided on: from then on they are made;
 * 3. `apply` replaces the message by what they make of it and takes them out of `pending`, while the
 *    message is as they were decided on.
 *
 * A pending change is committed if the log has its id at its number, and never will be if it has
 * another there. Whoever reads a message with pending changes looks that up, shows what the committed
 * ones make of it, and does what the appender has left undone; so does `settleRoom`.
 *
 * Everything may be written again, and late: the message only while its `changedSeq` is as it was
 * read, an earlier text only if it is not there, a reaction only over an earlier one. What was
 * erased or removed keeps its place for a while, so that nothing belated comes back.
 */
export class PendingChanges {
  readonly #messages: Collection<EntryDocument>;
  readonly #edits: Collection<EditDocument>;
  readonly #reactions: Collection<ReactionDocument>;

  constructor({ messages, edits, reactions }: Collections) {
    this.#messages = messages;
    this.#edits = edits;
    this.#reactions = reactions;
  }

  /** Resolves once a majority has the changes as pending, those of deleted messages excepted. */
  async announce(roomId: string, changes: readonly AppendedChange[]): Promise<void> {
    const writes = [...byMessage(changes)].map(([_id, own]): Write => {
      const pending = { $each: own.map(({ change }) => toPending(change)) };
      return {
        updateOne: {
          filter: { _id, roomId, deletedAt: null } as Document,
          update: { $push: { pending }, $addToSet: { keys: PENDING_KEY } } as Document,
        },
      };
    });
    if (writes.length > 0) await this.#messages.bulkWrite(writes, { ordered: false });
  }

  /**
   * Takes changes that were refused out of `pending`; if it fails, readers do that. A refusal can be
   * an earlier try's entry, whose answer was lost: the log alone says which were committed.
   */
  async withdraw(roomId: string, changes: readonly AppendedChange[]): Promise<void> {
    if (changes.length === 0) return;
    try {
      const ids = [...byMessage(changes).keys()];
      await this.settleMessages(roomId, { _id: { $in: ids }, pending: { $exists: true } });
    } catch (error) {
      logger.debug("Changes that were refused are still pending: {error}", { error });
    }
  }

  /** Applies the changes of an append; if it fails, readers do that. */
  async apply(roomId: string, changes: readonly AppendedChange[]): Promise<void> {
    if (changes.length === 0) return;
    try {
      const settled = [...byMessage(changes).values()].map((own): Settled<Unchanged> => {
        const projection = project(own[0]!.before, own.map(({ change }) => change));
        return { ...projection, isChanged: true, ...lastOf(own.map(({ change }) => change)) };
      });
      if (await this.#write(settled)) return;
      // Others are pending as well, perhaps earlier ones that their appender has left.
      const ids = settled.map(({ after }) => after._id);
      await this.settleMessages(roomId, { _id: { $in: ids }, pending: { $exists: true } });
    } catch (error) {
      logger.debug("Changes of room {roomId} are not applied yet: {error}", { roomId, error });
    }
  }

  /**
   * Returns the messages as the log has left them by now, and applies what was left undone.
   * @param messages of one room
   */
  async settle<T extends MessageDocument>(roomId: string, messages: T[]): Promise<T[]> {
    const settled = await this.#settled(roomId, messages);
    if (settled.length === 0) return messages;
    const due = Date.now() - GRACE_MS;
    await this.#write(settled.filter(({ at }) => at.getTime() < due)).catch((error) => {
      logger.debug("Changes of room {roomId} cannot be applied: {error}", { roomId, error });
    });
    const byId = new Map(settled.map(({ after }) => [after._id, after]));
    return messages.map((message) => byId.get(message._id) ?? message);
  }

  /**
   * Applies the committed changes that are pending on the messages, and takes out those that never
   * will be. Resolves once a majority has that: reactions, earlier texts and keys are up to date then.
   */
  async settleMessages(roomId: string, match: Document): Promise<void> {
    const messages = await this.#messages
      .find<MessageDocument>({ ...match, roomId } as Document, { batchSize: READ_BATCH })
      .toArray();
    await this.#write(await this.#settled(roomId, messages));
    // Whoever took the last of these out may have died before its key.
    const idle = messages.filter(({ pending }) => pending?.length === 0);
    const writes = idle.map(({ _id }) => withoutPendingKey(_id, roomId));
    if (writes.length > 0) await this.#messages.bulkWrite(writes);
  }

  /** As `settleMessages`, of the whole room. */
  settleRoom(roomId: string): Promise<void> {
    return this.settleMessages(roomId, { keys: PENDING_KEY });
  }

  /** Those of the messages that have pending changes whose numbers the log has. */
  async #settled<T extends MessageDocument>(roomId: string, messages: T[]): Promise<Settled<T>[]> {
    const open = messages.filter(({ pending = [] }) => pending.length > 0);
    if (open.length === 0) return [];
    const seqs = open.flatMap(({ pending = [] }) => pending.map(({ seq }) => seq));
    const entries = await this.#messages
      .find<LoggedChange>(
        { roomId, seq: { $in: [...new Set(seqs)] } },
        { projection: { seq: 1, added: 1, removed: 1 }, batchSize: READ_BATCH },
      ).toArray();
    const log = new Map(entries.map((entry) => [entry.seq, entry]));
    return open.flatMap((message) => settle(message, log) ?? []);
  }

  /**
   * The messages come last: until then their changes stay pending, and are applied again.
   * @returns whether all were as they had been read, and have no more changes pending
   */
  async #write(settled: Settled<Unchanged>[]): Promise<boolean> {
    if (settled.length === 0) return true;
    await Promise.all([this.#writeEdits(settled), this.#writeReactions(settled)]);
    const writes = settled.flatMap((each) => {
      const { _id, roomId } = each.after;
      return [toWrite(each), withoutPendingKey(_id, roomId)];
    });
    const { matchedCount } = await this.#messages.bulkWrite(writes);
    return matchedCount === writes.length;
  }

  async #writeEdits(settled: Settled<Unchanged>[]): Promise<void> {
    const writes = settled.flatMap(({ after, edits }): AnyBulkWriteOperation<EditDocument>[] => {
      const kept = edits.map(({ _id, ...edit }) => ({
        updateOne: { filter: { _id }, update: { $setOnInsert: edit }, upsert: true },
      }));
      const { _id: messageId, roomId } = after;
      const erasedAt = deletionTime(after);
      if (!erasedAt) return kept;
      const update = { $set: { erasedAt }, $unset: { text: "" } } as const;
      return [...kept, { updateMany: { filter: { roomId, messageId }, update } }];
    });
    if (writes.length === 0) return;
    await this.#edits.bulkWrite(writes, { ordered: false }).catch(duplicatesOf);
  }

  async #writeReactions(settled: Settled<Unchanged>[]): Promise<void> {
    const writes = settled.flatMap(
      ({ after, reactions }): AnyBulkWriteOperation<ReactionDocument>[] => {
        const { _id: messageId, roomId, changedSeq: seq = 0 } = after;
        const removedAt = deletionTime(after);
        const writes = reactions.map(toReactionWrite);
        if (!removedAt) return writes;
        const filter = { roomId, messageId, seq: { $lt: seq } };
        return [...writes, { updateMany: { filter, update: { $set: { seq, removedAt } } } }];
      },
    );
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

function byMessage(changes: readonly AppendedChange[]): Map<string, AppendedChange[]> {
  return Map.groupBy(changes, ({ before }) => before._id);
}

/** The change as it is kept in the message. */
export function toPending({ id, seq, kind, content }: CommittedChange): PendingChange {
  return { id, seq, kind, content };
}

function lastOf(changes: readonly PendingChange[]): Pick<Settled<Unchanged>, "upTo" | "at"> {
  const { seq: upTo, content: { updatedAt: at } } = changes.at(-1)!;
  return { upTo, at };
}

/** What the log has made of a message's pending changes; null if it has none of their numbers. */
function settle<T extends MessageDocument>(
  message: T,
  log: Map<number, LoggedChange>,
): Settled<T> | null {
  const pending = (message.pending ?? []).toSorted((a, b) => a.seq - b.seq);
  // Entries that were inserted during the look-up can be found without those before them.
  const open = pending.findIndex(({ seq }) => !log.has(seq));
  const decided = open < 0 ? pending : pending.slice(0, open);
  if (decided.length === 0) return null;
  const { seq, changedSeq = seq } = message;
  const committed = decided.flatMap((change): CommittedChange[] => {
    const { _id, ...uses } = log.get(change.seq)!;
    // One that was applied before was announced twice, as by a driver that tries again.
    const isNew = _id === change.id && change.seq > changedSeq;
    return isNew ? [{ ...change, ...uses }] : [];
  });
  const isChanged = committed.length > 0;
  return { ...project(message, committed), isChanged, ...lastOf(decided) };
}

/** Writes what the changes make of a message, if it is as it was, and takes them out of `pending`. */
function toWrite({ before, after, pinnedSeq, isChanged, upTo }: Settled<Unchanged>): Write {
  const { _id, roomId } = after;
  const pull: Document = { pending: { seq: { $lte: upTo } } };
  if (!isChanged) return { updateOne: { filter: { _id, roomId }, update: { $pull: pull } } };
  const filter = { _id, roomId, changedSeq: before.changedSeq ?? null } as Document;
  const { set, unset } = replacement(after);
  const update: Document = { $set: set, $unset: unset, $pull: pull };
  if (pinnedSeq) {
    set.pinnedSeq = pinnedSeq;
    update.$addToSet = { keys: PINNED_KEY };
  } else if (pinnedSeq === null) {
    unset.pinnedSeq = "";
    pull.keys = PINNED_KEY;
  }
  if (deletionTime(after)) {
    set.keys = [PENDING_KEY, ...threadKeys(after)];
    delete pull.keys;
    // What was announced after it will be refused.
    pull.pending = { seq: { $gt: 0 } };
  }
  return { updateOne: { filter, update } };
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
function withoutPendingKey(_id: string, roomId: string): Write {
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
