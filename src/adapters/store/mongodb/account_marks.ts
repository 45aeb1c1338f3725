/** Marks of changes of members, users and blocks: what they mark gets a number in an account's stream. */
import type { Collection } from "mongodb";
import {
  blockKey,
  PROFILE_KEY,
  READ_INTERVAL_MS,
  readKey,
  roomKey,
} from "../../../domain/account.ts";
import type { AccountNumbers } from "./account_numbers.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import type { BlockDocument } from "./account_documents.ts";
import type { MemberDocument } from "./member_documents.ts";
import type { RoomDocument } from "./room_documents.ts";
import type { UserDocument } from "./user_documents.ts";

/** A room is created after its owner; later than this it never will be. */
const CREATION_MS = 60 * 60_000;

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
 */
export class AccountMarks {
  readonly #members: Collection<MemberDocument>;
  readonly #rooms: Collection<RoomDocument>;
  readonly #users: Collection<UserDocument>;
  readonly #blocks: Collection<BlockDocument>;
  readonly #readOptions: ReadOptions;
  readonly #numbers: AccountNumbers;

  constructor(
    { blocks, members, rooms, users, readOptions }: Collections,
    numbers: AccountNumbers,
  ) {
    this.#members = members;
    this.#rooms = rooms;
    this.#users = users;
    this.#blocks = blocks;
    this.#readOptions = readOptions;
    this.#numbers = numbers;
  }

  /**
   * Gives numbers to what has changed of an account.
   * @returns whether a read position has to wait for its turn
   */
  async settle(userId: string): Promise<boolean> {
    const ofUser = { pending: { $gte: `${userId} `, $lt: `${userId}!` } };
    const [members, user, blocks] = await Promise.all([
      this.#members.find(ofUser, this.#readOptions).toArray(),
      this.#users.findOne({ _id: userId, pending: { $gte: "" } }),
      this.#blocks.find(ofUser, this.#readOptions).toArray(),
    ]);
    const marked: Marked[] = [];
    let isWaiting = false;
    for (const member of await this.#withRooms(members)) {
      const membership = await this.#membershipOf(member);
      if (membership) marked.push(membership);
      const reading = await this.#readingOf(member);
      if (reading === "waiting") isWaiting = true;
      else if (reading) marked.push(reading);
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
      await this.#numbers.give(userId, marked.map(({ key }) => key));
      await Promise.all(marked.map(({ unmark }) => unmark()));
    }
    return isWaiting;
  }

  /** Some users of whom there are marks: of each kind of document at most `limit`. */
  async users(limit: number): Promise<ReadonlySet<string>> {
    const marked = { pending: { $gte: "" } };
    const [members, users, blocks] = await Promise.all([
      this.#members.find(marked, { projection: { userId: 1 } }).limit(limit).toArray(),
      this.#users.find(marked, { projection: { _id: 1 } }).limit(limit).toArray(),
      this.#blocks.find(marked, { projection: { userId: 1 } }).limit(limit).toArray(),
    ]);
    const ids = [...members, ...blocks].map(({ userId }) => userId);
    return new Set([...ids, ...users.map(({ _id }) => _id)]);
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

  /** What the membership has changed; null if nothing has, or nobody is to be told. */
  async #membershipOf(member: MemberDocument): Promise<Marked | null> {
    const marks = marksOf(member, "room");
    if (marks.length === 0) return null;
    const unmark = () => this.#unmark(member._id, marks);
    if (await this.#concerns(member)) return { key: roomKey(member.roomId), unmark };
    await unmark();
    return null;
  }

  /** The same of the read position; `waiting` if it got a number just now. */
  async #readingOf(member: MemberDocument): Promise<Marked | "waiting" | null> {
    const { _id, userId, roomId } = member;
    const [reads, resets] = [marksOf(member, "read"), marksOf(member, "reset")];
    const marks = [...reads, ...resets];
    if (marks.length === 0) return null;
    const key = readKey(roomId);
    const unmark = () => this.#unmark(_id, marks);
    if (reads.length === 0 && !await this.#numbers.has(userId, key)) {
      await unmark();
      return null;
    }
    const isRecent = await this.#numbers.hasRecent(userId, key, READ_INTERVAL_MS);
    return isRecent ? "waiting" : { key, unmark };
  }

  /** Whether a user is, or was, a member: who was never is told nothing of the room. */
  async #concerns({ userId, roomId, role }: MemberDocument): Promise<boolean> {
    return role !== null || await this.#numbers.has(userId, roomKey(roomId));
  }

  async #unmark(_id: string, marks: string[]): Promise<void> {
    await this.#members.updateOne({ _id }, { $pullAll: { pending: marks } });
  }

  /** A block that was lifted goes with its last mark. */
  async #unmarkBlock({ _id, pending = [] }: BlockDocument): Promise<void> {
    await this.#blocks.updateOne({ _id }, { $pullAll: { pending } });
    await this.#blocks.deleteOne({ _id, isOn: false, pending: [] });
  }
}

/** As `markOf` makes them. */
function marksOf({ pending = [] }: MemberDocument, kind: "room" | "read" | "reset"): string[] {
  return pending.filter((mark) => mark.split(" ")[1] === kind);
}
