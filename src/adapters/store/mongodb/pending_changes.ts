/** How entries that change messages get into the messages' documents, without transactions. */
import { getLogger } from "@logtape/logtape";
import type { AnyBulkWriteOperation, Collection, Document } from "mongodb";
import { Batcher } from "../../../async/batcher.ts";
import { within } from "../../../async/deadline.ts";
import { unavailable } from "../../../domain/errors.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import type { EntryDocument, MessageDocument } from "./entry_documents.ts";
import { PENDING_KEY } from "./entry_keys.ts";
import { isInterruption } from "./errors.ts";
import type { AppendedChange } from "./projection.ts";
import { ProjectionWriter } from "./projection_writer.ts";
import {
  type LoggedChange,
  settle,
  type Settled,
  settledByAppend,
  toPending,
} from "./settled_changes.ts";
import { inTime, type TimeLimits } from "./time_limits.ts";

const logger = getLogger(["echoroom", "store"]);

/** A change that is older was not applied by who appended it, so that its readers do it. */
const GRACE_MS = 2_000;
/** Changes that one group applies, unless one append has more. */
const MAX_GROUP = 100;
/**
 * Changes that wait to be applied: beyond the first number appends wait for theirs, beyond the second
 * they are refused.
 */
const BACKLOG = { slow: 200, full: 500 };
/** Changes that one statement announces: it compares each with each of its messages. */
const ANNOUNCED_AT_ONCE = 50;
/** How long somebody waits for changes to be applied, of the 5 s that a call may take. */
const WAIT_LIMIT_MS = 2_000;

type Write = AnyBulkWriteOperation<EntryDocument>;

/** The changes of one append that are to be applied. */
interface Application {
  roomId: string;
  changes: readonly AppendedChange[];
  resolve(): void;
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
 * ones make of it, and does what the appender has left undone; so does `settleRoom`. So an append
 * need not wait for the third step.
 */
export class PendingChanges {
  readonly #messages: Collection<EntryDocument>;
  readonly #readOptions: ReadOptions;
  readonly #timeLimits: TimeLimits;
  readonly #writer: ProjectionWriter;
  readonly #applications = new Batcher<Application>((waiting) => this.#applyNext(waiting));
  /** The last application of each room that has one waiting or under way. */
  readonly #lastOfRoom = new Map<string, Promise<void>>();
  readonly #backlogLimits: typeof BACKLOG;
  #backlog = 0;

  constructor(collections: Collections, backlogLimits = BACKLOG) {
    this.#messages = collections.messages;
    this.#readOptions = collections.readOptions;
    this.#timeLimits = collections.limits;
    this.#backlogLimits = backlogLimits;
    this.#writer = new ProjectionWriter(collections);
  }

  /**
   * Resolves once a majority has the changes as pending, those of deleted messages excepted.
   * @throws ChatError `unavailable` while too many changes wait to be applied
   */
  async announce(roomId: string, changes: readonly AppendedChange[]): Promise<void> {
    if (changes.length === 0) return;
    if (this.#backlog > this.#backlogLimits.full) {
      throw unavailable("Too many changes wait to be applied.");
    }
    const writes: Write[] = [];
    for (let i = 0; i < changes.length; i += ANNOUNCED_AT_ONCE) {
      writes.push(toAnnouncement(roomId, changes.slice(i, i + ANNOUNCED_AT_ONCE)));
    }
    const announceAll = () => this.#messages.bulkWrite(writes, { ordered: false });
    // The driver does not retry updates of several documents; announcements may be repeated.
    await announceAll().catch((error) => {
      if (!isInterruption(error)) throw error;
      return announceAll();
    });
  }

  /**
   * Takes changes that were refused out of `pending`; if it fails, readers do that. A refusal can be
   * an earlier try's entry, whose answer was lost: the log alone says which were committed.
   */
  async withdraw(roomId: string, changes: readonly AppendedChange[]): Promise<void> {
    if (changes.length === 0) return;
    try {
      await this.settleMessages(roomId, changes.map(({ before }) => before._id));
    } catch (error) {
      logger.debug("Changes that were refused are still pending: {error}", { error });
    }
  }

  /**
   * Applies the changes of an append, in its turn: one group at a time, what arrives meanwhile is
   * the next. Resolves when that is done; if it fails, readers do it.
   */
  apply(roomId: string, changes: readonly AppendedChange[]): Promise<void> {
    this.#backlog += changes.length;
    const { promise, resolve } = Promise.withResolvers<void>();
    const applied = promise.then(() => {
      this.#backlog -= changes.length;
      if (this.#lastOfRoom.get(roomId) === applied) this.#lastOfRoom.delete(roomId);
    });
    this.#lastOfRoom.set(roomId, applied);
    this.#applications.add({ roomId, changes, resolve });
    return applied;
  }

  /** Resolves once an append may resolve whose changes are being applied: at once, mostly. */
  async pace(changes: readonly AppendedChange[], applied: Promise<void>): Promise<void> {
    // A deleted text is gone from its message when the deletion is acknowledged.
    if (changes.some(({ change }) => change.kind === "deleted")) await applied;
    else if (this.#backlog > this.#backlogLimits.slow) await soon(applied);
  }

  /**
   * Returns the messages as the log has left them by now, and applies what was left undone.
   * @param messages of one room
   */
  async settle<T extends MessageDocument>(roomId: string, messages: T[]): Promise<T[]> {
    const settled = await this.#settled(roomId, messages);
    if (settled.length === 0) return messages;
    const due = Date.now() - GRACE_MS;
    // What this instance is applying is not left.
    const isApplying = this.#lastOfRoom.has(roomId);
    const left = settled.filter(({ at }) => !isApplying && at.getTime() < due);
    await this.#writer.write(left).catch((error) => {
      logger.debug("Changes of room {roomId} cannot be applied: {error}", { roomId, error });
    });
    const byId = new Map(settled.map(({ after }) => [after._id, after]));
    return messages.map((message) => byId.get(message._id) ?? message);
  }

  /**
   * Applies the committed changes that are pending on the messages, and takes out those that never
   * will be. Resolves once a majority has that: reactions, earlier texts and keys are up to date then.
   */
  settleMessages(roomId: string, ids: readonly string[]): Promise<void> {
    return this.#settle(roomId, { _id: { $in: [...ids] }, pending: { $exists: true } });
  }

  /** As `settleMessages`, of the whole room. */
  settleRoom(roomId: string): Promise<void> {
    return this.#settle(roomId, { keys: PENDING_KEY });
  }

  /** As `settleRoom`, of several: one query finds those that have any, which are few at any time. */
  async settleRooms(roomIds: readonly string[]): Promise<void> {
    if (roomIds.length === 1) return await this.settleRoom(roomIds[0]!);
    const pending = await this.#messages
      .find({ keys: PENDING_KEY }, { projection: { roomId: 1 }, ...this.#readOptions })
      .toArray();
    const rooms = new Set(pending.map(({ roomId }) => roomId));
    await Promise.all([...rooms.intersection(new Set(roomIds))].map((id) => this.settleRoom(id)));
  }

  async #settle(roomId: string, match: Document): Promise<void> {
    // Else both would write the same.
    const last = this.#lastOfRoom.get(roomId);
    if (last) await soon(last);
    await this.#settleNow(roomId, match);
  }

  async #settleNow(roomId: string, match: Document): Promise<void> {
    const messages = await this.#messages
      .find<MessageDocument>({ ...match, roomId } as Document, this.#readOptions)
      .toArray();
    await this.#writer.write(await this.#settled(roomId, messages));
    // Whoever took the last of these out may have died before its key.
    const idle = messages.filter(({ pending }) => pending?.length === 0);
    if (idle.length > 0) await this.#writer.removePendingKeys(idle);
  }

  /** Those of the messages that have pending changes whose numbers the log has. */
  async #settled<T extends MessageDocument>(roomId: string, messages: T[]): Promise<Settled<T>[]> {
    const open = messages.filter(({ pending = [] }) => pending.length > 0);
    if (open.length === 0) return [];
    const seqs = open.flatMap(({ pending = [] }) => pending.map(({ seq }) => seq));
    const entries = await this.#messages
      .find<LoggedChange>(
        { roomId, seq: { $in: [...new Set(seqs)] } },
        { projection: { seq: 1, added: 1, removed: 1 }, ...this.#readOptions },
      ).toArray();
    const log = new Map(entries.map((entry) => [entry.seq, entry]));
    return open.flatMap((message) => settle(message, log) ?? []);
  }

  async #applyNext(waiting: Application[]): Promise<void> {
    const group = takeGroup(waiting);
    try {
      // The driver may wait for ever for a connection that has ended while it was full.
      await inTime(this.#applyGroup(group), this.#timeLimits.driver);
    } catch (error) {
      logger.debug("Changes are not applied yet: {error}", { error });
    } finally {
      for (const { resolve } of group) resolve();
    }
  }

  async #applyGroup(group: readonly Application[]): Promise<void> {
    const settled = settledByAppend(group.flatMap(({ changes }) => changes));
    if (await this.#writer.writeLast(settled)) return;
    // Others are pending as well, perhaps earlier ones that their appender has left.
    const left = await this.#messages.find<Pick<MessageDocument, "_id" | "roomId">>({
      _id: { $in: settled.map(({ after }) => after._id) },
      roomId: { $in: group.map(({ roomId }) => roomId) },
      pending: { $exists: true },
    }, { projection: { roomId: 1 }, ...this.#readOptions }).toArray();
    for (const [roomId, messages] of Map.groupBy(left, ({ roomId }) => roomId)) {
      await this.#settleNow(roomId, { _id: { $in: messages.map(({ _id }) => _id) } });
    }
  }
}

/** Of changes of different messages with one statement: servers spend more on that than on a document. */
function toAnnouncement(roomId: string, changes: readonly AppendedChange[]): Write {
  const announced = changes.map(({ change, before: { _id } }) => {
    return { _id, pending: toPending(change) };
  });
  const filter: Document = { _id: { $in: announced.map(({ _id }) => _id) }, roomId };
  const isOwn = { $eq: ["$$this._id", "$_id"] };
  const own = { $filter: { input: { $literal: announced }, cond: isOwn } };
  const added = { $map: { input: own, in: "$$this.pending" } };
  const update = [{
    $set: {
      pending: { $concatArrays: [{ $ifNull: ["$pending", []] }, added] },
      keys: { $setUnion: [{ $ifNull: ["$keys", []] }, [PENDING_KEY]] },
    },
  }];
  return { updateMany: { filter: { ...filter, deletedAt: null }, update } };
}

/** Settles when it does, or in limited time: what is not applied by then, readers find and apply. */
function soon(applied: Promise<void>): Promise<void> {
  return within(applied, WAIT_LIMIT_MS, () => {});
}

/** Takes the first applications that are not more than one group applies, at least one. */
function takeGroup(waiting: Application[]): Application[] {
  let count = 0;
  const end = waiting.findIndex(({ changes }, i) => {
    count += changes.length;
    return i > 0 && count > MAX_GROUP;
  });
  return waiting.splice(0, end < 0 ? waiting.length : end);
}
