/** The accounts' streams: a log for each account, whose entries are marked when a later one replaces them. */
import { Batcher } from "../../../async/batcher.ts";
import { LRUCache } from "lru-cache";
import type { Collection } from "mongodb";
import pLimit from "p-limit";
import {
  type AccountItem,
  blockKey,
  PROFILE_KEY,
  READ_INTERVAL_MS,
  readKey,
  roomKey,
} from "../../../domain/account.ts";
import type { AccountPage, AccountStore } from "../../../ports/store/accounts.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import {
  type AccountItemDocument,
  type BlockDocument,
  isHidden,
  type MemberDocument,
  type RoomDocument,
  type UserDocument,
} from "./documents.ts";
import { isDuplicateKey } from "./errors.ts";
import type { LogEnds } from "./log_ends.ts";
import type { Operations } from "./operations.ts";
import type { RoomChanges } from "./room_changes.ts";

/** Accounts of which the last number known is remembered. */
const MAX_HINTS = 10_000;
/** Accounts that one run of repairs looks at; few at once, because nobody waits for them. */
const USERS_IN_A_RUN = 100;
const USERS_AT_ONCE = 2;
/** A room is created after its owner; later than this it never will be. */
const CREATION_MS = 60 * 60_000;
const QUESTIONS_AT_ONCE = 500;
/** Accounts in one query. */
const POSITIONS_AT_ONCE = 100;

/** What number an account has reached. */
interface Question {
  userId: string;
  resolve(seq: number): void;
  reject(error: unknown): void;
}

/** A document with changes that have no number yet. */
interface Marked {
  /** The key of its item. */
  key: string;
  /** Takes the marks that were found out of it. */
  unmark(): Promise<unknown>;
}

/**
 * A change of a member or user leaves a mark in the same document, and whoever finds marks gives the
 * items numbers and takes those marks out: several may do it at once, and each may die halfway. An
 * item holds only its key. What it tells is read when it is asked for, so that a number which is
 * given twice or late changes nothing.
 *
 * A number is one past the last under a unique index, and the last is never deleted: entries are
 * marked once a later one has replaced them, and go an hour later. A writer stalls for less, so that
 * no number is given to two items, of which a reader might miss the second.
 */
export class MongoAccounts implements AccountStore {
  readonly #items: Collection<AccountItemDocument>;
  readonly #members: Collection<MemberDocument>;
  readonly #rooms: Collection<RoomDocument>;
  readonly #users: Collection<UserDocument>;
  readonly #blocks: Collection<BlockDocument>;
  readonly #roomChanges: RoomChanges;
  readonly #ends: LogEnds;
  readonly #readOptions: ReadOptions;
  readonly #operations: Operations;
  /** Gathered, because thousands of users may come back at once. */
  readonly #questions = new Batcher<Question>((waiting) => {
    return this.#answer(waiting.splice(0, QUESTIONS_AT_ONCE));
  });
  /** Numbers that accounts have reached, at least. */
  readonly #hints = new LRUCache<string, number>({ max: MAX_HINTS });

  constructor(
    { accountItems, blocks, members, rooms, users, readOptions }: Collections,
    roomChanges: RoomChanges,
    ends: LogEnds,
    operations: Operations,
  ) {
    this.#items = accountItems;
    this.#members = members;
    this.#rooms = rooms;
    this.#users = users;
    this.#blocks = blocks;
    this.#roomChanges = roomChanges;
    this.#ends = ends;
    this.#readOptions = readOptions;
    this.#operations = operations;
  }

  settle(userId: string): Promise<boolean> {
    return this.#operations.run(() => this.#settle(userId));
  }

  lastSeq(userId: string): Promise<number> {
    return this.#operations.run(async () => {
      // They leave marks.
      await this.#roomChanges.settleOf(userId);
      await this.#settle(userId);
      return await this.#findLast(userId);
    });
  }

  reachedSeq(userId: string): Promise<number> {
    return this.#operations.run(() => {
      return new Promise((resolve, reject) => this.#questions.add({ userId, resolve, reject }));
    });
  }

  itemsAfter(userId: string, after: number, limit: number): Promise<AccountPage> {
    return this.#operations.run(async () => {
      const found = await this.#items
        .find({ userId, seq: { $gt: after }, replacedAt: { $exists: false } }, this.#readOptions)
        .sort({ seq: 1 })
        .limit(limit + 1)
        .toArray();
      const page = found.slice(0, limit);
      return {
        items: await this.#toItems(userId, page),
        lastSeq: page.at(-1)?.seq ?? after,
        hasMore: found.length > limit,
      };
    });
  }

  changedAfter(seqs: ReadonlyMap<string, number>): Promise<string[]> {
    return this.#operations.run(async () => {
      const positions = Array.from(seqs, ([userId, seq]) => ({ userId, seq: { $gt: seq } }));
      const changed = new Set<string>();
      for (let i = 0; i < positions.length; i += POSITIONS_AT_ONCE) {
        const found = await this.#items.find(
          { $or: positions.slice(i, i + POSITIONS_AT_ONCE) },
          { projection: { userId: 1 }, ...this.#readOptions },
        ).toArray();
        for (const { userId } of found) changed.add(userId);
      }
      return [...changed];
    });
  }

  /**
   * Gives numbers to what instances that died have left without.
   * @throws ChatError `unavailable`
   */
  async repair(): Promise<void> {
    const userIds = await this.#operations.run(async () => {
      const [members, users, blocks] = await Promise.all([
        this.#members.find({ pending: { $gte: "" } }, { projection: { userId: 1 } })
          .limit(USERS_IN_A_RUN).toArray(),
        this.#users.find({ pending: { $gte: "" } }, { projection: { _id: 1 } })
          .limit(USERS_IN_A_RUN).toArray(),
        this.#blocks.find({ pending: { $gte: "" } }, { projection: { userId: 1 } })
          .limit(USERS_IN_A_RUN).toArray(),
      ]);
      const ids = [...members, ...blocks].map(({ userId }) => userId);
      return new Set([...ids, ...users.map(({ _id }) => _id)]);
    });
    await pLimit(USERS_AT_ONCE).map(userIds, (userId) => this.settle(userId));
  }

  /** The database may have become another, as after a fail-over or a restored backup. */
  forget(): void {
    this.#hints.clear();
  }

  async #answer(questions: readonly Question[]): Promise<void> {
    try {
      const ids = questions.map(({ userId }) => userId);
      const users = await this.#users
        .find({ _id: { $in: ids } }, { projection: { accountSeq: 1 }, ...this.#readOptions })
        .toArray();
      const seqs = new Map(users.map(({ _id, accountSeq = 0 }) => [_id, accountSeq]));
      for (const { userId, resolve } of questions) resolve(seqs.get(userId) ?? 0);
    } catch (error) {
      for (const { reject } of questions) reject(error);
    }
  }

  async #settle(userId: string): Promise<boolean> {
    const [members, user, blocks] = await Promise.all([
      this.#members
        .find({ pending: { $gte: `${userId} `, $lt: `${userId}!` } }, this.#readOptions)
        .toArray(),
      this.#users.findOne({ _id: userId, pending: { $gte: "" } }),
      this.#blocks
        .find({ pending: { $gte: `${userId} `, $lt: `${userId}!` } }, this.#readOptions)
        .toArray(),
    ]);
    const marked: Marked[] = [];
    let isWaiting = false;
    for (const member of await this.#withRooms(members)) {
      const { pending = [], roomId } = member;
      const rooms = pending.filter((mark) => kindOf(mark) === "room");
      const resets = pending.filter((mark) => kindOf(mark) === "reset");
      const reads = [...pending.filter((mark) => kindOf(mark) === "read"), ...resets];
      if (rooms.length > 0 && await this.#concerns(member)) {
        marked.push({ key: roomKey(roomId), unmark: () => this.#unmark(member._id, rooms) });
      } else if (rooms.length > 0) {
        await this.#unmark(member._id, rooms);
      }
      if (reads.length === 0) continue;
      if (reads.length === resets.length && !await this.#hasItem(userId, readKey(roomId))) {
        await this.#unmark(member._id, resets);
        continue;
      }
      if (await this.#isRecent(userId, readKey(roomId))) isWaiting = true;
      else marked.push({ key: readKey(roomId), unmark: () => this.#unmark(member._id, reads) });
    }
    if (user?.pending?.length) {
      const update = { $pullAll: { pending: user.pending } };
      const unmark = () => this.#users.updateOne({ _id: userId }, update);
      marked.push({ key: PROFILE_KEY, unmark });
    }
    for (const block of blocks) {
      marked.push({ key: blockKey(block.blockedId), unmark: () => this.#unmarkBlock(block) });
    }
    if (marked.length > 0) {
      await this.#number(userId, marked.map(({ key }) => key));
      await Promise.all(marked.map(({ unmark }) => unmark()));
    }
    return isWaiting;
  }

  /** Those of the members whose rooms exist, or have never come to exist. */
  async #withRooms(members: readonly MemberDocument[]): Promise<MemberDocument[]> {
    if (members.length === 0) return [];
    const ids = members.map(({ roomId }) => roomId);
    const rooms = await this.#rooms
      .find({ _id: { $in: ids } }, { projection: { _id: 1 }, batchSize: ids.length + 1 })
      .toArray();
    const existing = new Set(rooms.map(({ _id }) => _id));
    const before = new Date(Date.now() - CREATION_MS);
    return members.filter(({ roomId, joinedAt }) => existing.has(roomId) || joinedAt < before);
  }

  /** Whether a user is, or was, a member: who was never is told nothing of the room. */
  async #concerns({ userId, roomId, role }: MemberDocument): Promise<boolean> {
    if (role !== null) return true;
    return await this.#hasItem(userId, roomKey(roomId));
  }

  async #hasItem(userId: string, key: string): Promise<boolean> {
    return await this.#items.findOne({ userId, key }) !== null;
  }

  /** Whether the key got a number just now. */
  async #isRecent(userId: string, key: string): Promise<boolean> {
    const since = new Date(Date.now() - READ_INTERVAL_MS);
    return await this.#items.findOne({ userId, key, numberedAt: { $gt: since } }) !== null;
  }

  async #unmark(_id: string, marks: string[]): Promise<void> {
    await this.#members.updateOne({ _id }, { $pullAll: { pending: marks } });
  }

  /** A block that was lifted goes with its last mark. */
  async #unmarkBlock({ _id, pending = [] }: BlockDocument): Promise<void> {
    await this.#blocks.updateOne({ _id }, { $pullAll: { pending } });
    await this.#blocks.deleteOne({ _id, isOn: false, pending: [] });
  }

  /** Gives each key the account's next number, in their order. */
  async #number(userId: string, keys: readonly string[]): Promise<void> {
    const numbered: AccountItemDocument[] = [];
    while (numbered.length < keys.length) {
      const last = await this.#findLast(userId);
      const numberedAt = new Date();
      const items = keys.slice(numbered.length).map((key, i) => {
        const seq = last + 1 + i;
        return { _id: `${userId} ${seq}`, userId, seq, key, numberedAt };
      });
      numbered.push(...items.slice(0, await this.#insert(items)));
      const end = numbered.at(-1);
      if (end) this.#hints.set(userId, end.seq);
    }
    const accountSeq = numbered.at(-1)!.seq;
    await this.#users.updateOne({ _id: userId }, { $max: { accountSeq } });
    await this.#items.bulkWrite(
      numbered.map(({ seq, key, numberedAt }) => ({
        updateMany: {
          filter: { userId, key, seq: { $lt: seq }, replacedAt: { $exists: false } },
          update: { $set: { replacedAt: numberedAt } },
        },
      })),
      { ordered: false },
    );
  }

  /** Returns how many were inserted, from the first on: as far as their numbers were free. */
  async #insert(items: AccountItemDocument[]): Promise<number> {
    try {
      await this.#items.insertMany(items, { ordered: true });
      return items.length;
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      return (error as { insertedCount?: number }).insertedCount ?? 0;
    }
  }

  async #findLast(userId: string): Promise<number> {
    const hint = this.#hints.get(userId) ?? 0;
    const last = await this.#lastFrom(userId, hint) ??
      (hint > 0 ? await this.#lastFrom(userId, 0) : null);
    this.#hints.set(userId, last ?? 0);
    return last ?? 0;
  }

  async #lastFrom(userId: string, seq: number): Promise<number | null> {
    const [last] = await this.#items
      .find({ userId, seq: { $gte: seq } }, { projection: { seq: 1 }, ...this.#readOptions })
      .sort({ seq: -1 })
      .limit(1)
      .toArray();
    return last?.seq ?? null;
  }

  /** The items as they are now. */
  async #toItems(
    userId: string,
    documents: readonly AccountItemDocument[],
  ): Promise<AccountItem[]> {
    const roomIds = new Set(documents.map(({ key }) => subjectOf(key)));
    const members = await this.#members
      .find({ userId, roomId: { $in: [...roomIds] } }, this.#readOptions)
      .toArray();
    const blocks = await this.#blocks
      .find({ userId, blockedId: { $in: [...roomIds] }, isOn: true }, this.#readOptions)
      .toArray();
    const byRoom = new Map(members.map((member) => [member.roomId, member]));
    const hidden = members.flatMap(({ roomId, hiddenN }) => hiddenN == null ? [] : [roomId]);
    const ends = await this.#ends.findAll(hidden);
    const state = {
      blocked: new Set(blocks.map(({ blockedId }) => blockedId)),
      lastN: new Map(hidden.map((roomId, i) => [roomId, ends[i]!.n])),
    };
    return documents.flatMap((document) => {
      return toItem(document, byRoom.get(subjectOf(document.key)), state) ?? [];
    });
  }
}

function kindOf(mark: string): string | undefined {
  return mark.split(" ")[1];
}

function subjectOf(key: string): string {
  return key.slice(key.indexOf(":") + 1);
}

function toItem(
  { seq, key }: AccountItemDocument,
  member: MemberDocument | undefined,
  { blocked, lastN }: { blocked: ReadonlySet<string>; lastN: ReadonlyMap<string, number> },
): AccountItem | null {
  const [type] = key.split(":");
  const roomId = subjectOf(key);
  const role = member?.role ?? null;
  switch (type) {
    case "room":
      if (member && role) {
        const { readSeq, notifications = "all" } = member;
        const hidden = isHidden(member, lastN.get(roomId) ?? 0);
        return { seq, type, roomId, membership: { role, readSeq, notifications, hidden } };
      }
      return { seq, type: "room_removed", roomId, reason: member?.removal ?? "left" };
    case "read":
      return member && role ? { seq, type, roomId, readSeq: member.readSeq } : null;
    case "block":
      return { seq, type, userId: roomId, blocked: blocked.has(roomId) };
    case PROFILE_KEY:
      return { seq, type: "profile" };
    default:
      return null;
  }
}
