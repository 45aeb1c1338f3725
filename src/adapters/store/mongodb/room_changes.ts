/** How entries that change members and settings of their rooms get into those, without transactions. */
import type { Collection, Document, Filter } from "mongodb";
import { type MemberChange, memberChanges, settingChanges } from "../../../domain/room_changes.ts";
import { EntryAudit } from "./entry_audit.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import { markOf } from "./account_documents.ts";
import { IS_MEMBER, type MemberDocument, memberId } from "./member_documents.ts";
import type { RoomDocument } from "./room_documents.ts";
import {
  type EntryDocument,
  isChange,
  isMessage,
  type MessageDocument,
} from "./entry_documents.ts";
import { JOIN_KEY, ROOM_CHANGE_KEY, SLOW_KEY } from "./entry_keys.ts";
import { isDuplicateKey } from "./errors.ts";
import { MemberCounts } from "./member_counts.ts";
import type { PendingChanges } from "./pending_changes.ts";
import type { SettingChanges } from "../../../domain/room.ts";

/** Entries of all rooms whose changes are not made yet: most are being made. */
const MAX_LEFT = 1_000;

/** What entries change beside the log. */
export interface Changes {
  messages: PendingChanges;
  rooms: RoomChanges;
}

/**
 * An entry that changes its room has a key that says so, from the append on until the change is made.
 * Whoever appends one, and whoever reads members, first makes all changes that have the key, in the
 * order of the log: several may do it at once, and each may die halfway. Members and rooms carry the
 * entry that changed them last, so that nothing is changed by an earlier one that comes late.
 */
export class RoomChanges {
  readonly #messages: Collection<EntryDocument>;
  readonly #members: Collection<MemberDocument>;
  readonly #rooms: Collection<RoomDocument>;
  readonly #counts: MemberCounts;
  readonly #audit: EntryAudit;
  readonly #readOptions: ReadOptions;

  constructor(collections: Collections) {
    const { messages, members, rooms, readOptions } = collections;
    this.#audit = new EntryAudit(collections);
    this.#counts = new MemberCounts(collections);
    this.#messages = messages;
    this.#members = members;
    this.#rooms = rooms;
    this.#readOptions = readOptions;
  }

  /** Resolves once a majority has what the entries of the log, as it is now, make of the room. */
  async settle(roomId: string): Promise<void> {
    await this.#applyAll(await this.#find(roomId));
  }

  /**
   * As `settle`, of several: one query finds those that have such entries, which are few at any time.
   * Returns whether anything was to be done.
   */
  async settleAll(roomIds: readonly string[]): Promise<boolean> {
    if (roomIds.length === 0) return false;
    const changing = await this.#messages
      .find({ keys: ROOM_CHANGE_KEY } as Filter<EntryDocument>, {
        projection: { roomId: 1 },
        ...this.#readOptions,
      })
      .toArray();
    const rooms = new Set(changing.map(roomOf)).intersection(new Set(roomIds));
    for (const roomId of rooms) await this.settle(roomId);
    return rooms.size > 0;
  }

  /** As `settle`, in all rooms in which an entry that is left changes a user's place. */
  async settleOf(userId: string): Promise<void> {
    const left = await this.#messages
      .find({ keys: ROOM_CHANGE_KEY } as Filter<EntryDocument>, this.#readOptions)
      .limit(MAX_LEFT)
      .toArray();
    const own = left.filter(isMessage).filter(
      ({ systemType = null, systemData = null, createdAt }) => {
        const changes = memberChanges({ systemType, systemData, createdAt });
        return changes.some((change) => change.userId === userId);
      },
    );
    for (const roomId of new Set(own.map(roomOf))) await this.settle(roomId);
  }

  async #find(roomId: string): Promise<EntryDocument[]> {
    const entries = await this.#messages
      .find({ roomId, keys: ROOM_CHANGE_KEY } as Filter<EntryDocument>, this.#readOptions)
      .toArray();
    return entries.toSorted((a, b) => a.seq - b.seq);
  }

  async #applyAll(entries: readonly EntryDocument[]): Promise<void> {
    for (const [roomId, deletions] of Map.groupBy(entries.filter(isChange), roomOf)) {
      await this.#audit.addDeletions(roomId, deletions);
      await this.#messages.updateMany(
        { _id: { $in: deletions.map(({ _id }) => _id) }, roomId },
        { $pull: { keys: ROOM_CHANGE_KEY } as Document },
      );
    }
    for (const entry of entries.filter(isMessage)) {
      const { _id, roomId, createdAt, systemType = null, systemData = null } = entry;
      const notice = { systemType, systemData, createdAt };
      const changes = systemType === null ? [sentBy(entry)] : memberChanges(notice);
      await this.#changeMembers(entry, changes);
      const settings = settingChanges(notice);
      if (settings) await this.#set(entry, settings);
      if (systemType === "room_deleted") await this.#delete(entry);
      if (systemType !== null) await this.#audit.addNotice(entry);
      await this.#messages.updateOne({ _id, roomId }, {
        $pull: { keys: { $in: [ROOM_CHANGE_KEY, JOIN_KEY, SLOW_KEY] } } as Document,
      });
    }
  }

  async #set({ roomId, seq, createdAt }: MessageDocument, settings: SettingChanges): Promise<void> {
    const { metadata, ...rest } = settings;
    const json = metadata === undefined ? {} : { metadata: metadata && JSON.stringify(metadata) };
    const slowMode = settings.slowModeSeconds === undefined ? {} : { slowModeSeq: seq };
    await this.#rooms.updateOne(
      { _id: roomId, changedSeq: { $lt: seq } },
      { $set: { ...rest, ...json, ...slowMode, updatedAt: createdAt, changedSeq: seq } },
    );
  }

  /** Its slug stays taken: a link to it never leads to another room. */
  async #delete({ roomId, seq, createdAt: deletedAt }: MessageDocument): Promise<void> {
    const members = this.#members.find({ roomId, ...IS_MEMBER }, { projection: { userId: 1 } });
    const ends = (await members.toArray()).map(({ _id, userId }) => ({
      updateOne: {
        filter: { _id, seq: { $lt: seq } },
        update: {
          $set: { role: null, removal: "deleted" as const, seq },
          $addToSet: { pending: markOf(userId, "room", String(seq)) },
        },
      },
    }));
    if (ends.length > 0) await this.#members.bulkWrite(ends, { ordered: false });
    await this.#rooms.updateOne(
      { _id: roomId },
      { $set: { deletedAt, changedSeq: seq } },
    );
  }

  async #changeMembers(entry: MessageDocument, changes: readonly MemberChange[]): Promise<void> {
    const make = async () => {
      let difference = 0;
      for (const change of changes) difference += await this.#changeMember(entry, change);
      return difference;
    };
    const areCounted = changes.some(({ role, joins }) => role !== undefined || joins);
    if (areCounted) await this.#counts.change(entry.roomId, make);
    else await make();
  }

  /** Returns by how much the number of members has changed. */
  async #changeMember(entry: MessageDocument, change: MemberChange): Promise<number> {
    const { roomId, seq } = entry;
    const _id = memberId(roomId, change.userId);
    for (;;) {
      try {
        return await this.#writeMember(entry, change);
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        // It is changed already, or was inserted in this moment.
        const member = await this.#members.findOne({ _id });
        if (member && member.seq >= seq) return 0;
      }
    }
  }

  /**
   * Returns by how much the number of members has changed.
   * @throws the driver's error of a duplicate key if a later entry has changed the member
   */
  async #writeMember(
    { roomId, seq, createdAt }: MessageDocument,
    { userId, role, removal, joins, ...restrictions }: MemberChange,
  ): Promise<number> {
    const filter = { _id: memberId(roomId, userId), seq: { $lt: seq } };
    const changed = { ...restrictions, seq };
    const added = { readSeq: seq, joinedAt: createdAt, hiddenN: null };
    const options = { upsert: true, returnDocument: "before" } as const;
    const $addToSet = { pending: markOf(userId, "room", String(seq)) };
    if (role === undefined && !joins) {
      await this.#members.updateOne(filter, {
        $set: changed,
        $setOnInsert: { userId, roomId, ...added, role: null },
      }, { upsert: true });
      return 0;
    }
    if (role === null) {
      const before = await this.#members.findOneAndUpdate(filter, {
        $set: { ...changed, role, ...(removal && { removal }) },
        $setOnInsert: { userId, roomId, ...added },
        $addToSet,
      }, options);
      return before?.role ? -1 : 0;
    }
    const isMember = { ...filter, ...IS_MEMBER };
    const { matchedCount } = await this.#members.updateOne(
      isMember,
      role ? { $set: { ...changed, role }, $addToSet } : { $set: changed },
    );
    if (matchedCount > 0) return 0;
    const $set = { ...changed, ...added, role: role ?? "member" };
    const marks = [$addToSet.pending, markOf(userId, "reset", String(seq))];
    const { modifiedCount } = await this.#members.updateOne(
      { ...filter, role: null },
      { $set, $addToSet: { pending: { $each: marks } } },
    );
    if (modifiedCount > 0) return 1;
    const before = await this.#members.findOneAndUpdate(filter, {
      $set,
      $setOnInsert: { userId, roomId },
      $addToSet,
    }, options);
    return before?.role ? 0 : 1;
  }
}

function roomOf({ roomId }: EntryDocument): string {
  return roomId;
}

/** What a message makes of its sender's place: slow mode counts it, or they become a member. */
function sentBy(
  { seq, senderId: userId, createdAt: at, keys = [] }: MessageDocument,
): MemberChange {
  const lastSend = keys.includes(SLOW_KEY) && { lastSend: { seq, at } };
  return { userId, joins: keys.includes(JOIN_KEY), ...lastSend };
}
