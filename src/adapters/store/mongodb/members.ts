/** Memberships, in a collection of their own. */
import type { Collection } from "mongodb";
import type {
  Member,
  Membership,
  Preferences,
  ReadMove,
  Restricted,
  Unread,
} from "../../../domain/membership.ts";
import { newId } from "../../../domain/id.ts";
import type { RoomRules } from "../../../domain/room.ts";
import { slowModeOf } from "../../../domain/room_changes.ts";
import type { MemberQuery, MemberStore, Standings } from "../../../ports/store/members.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import { type BlockDocument, blockId, markOf } from "./account_documents.ts";
import {
  IS_MEMBER,
  IS_RESTRICTED,
  isHidden,
  type MemberDocument,
  memberId,
  memberOf,
} from "./member_documents.ts";
import { IS_THERE, type RoomDocument, usersOfPair } from "./room_documents.ts";
import type { LogEnds } from "./log_ends.ts";
import type { Operations } from "./operations.ts";
import { isDuplicateKey } from "./errors.ts";
import { MemberCounts } from "./member_counts.ts";
import { MemberList } from "./member_list.ts";
import type { PendingChanges } from "./pending_changes.ts";
import type { Changes, RoomChanges } from "./room_changes.ts";
import { UnreadCounts } from "./unread_counts.ts";

export class MongoMembers implements MemberStore {
  readonly #members: Collection<MemberDocument>;
  readonly #rooms: Collection<RoomDocument>;
  readonly #blocks: Collection<BlockDocument>;
  readonly #readOptions: ReadOptions;
  readonly #changes: PendingChanges;
  readonly #roomChanges: RoomChanges;
  readonly #ends: LogEnds;
  readonly #operations: Operations;
  readonly #counts: MemberCounts;
  readonly #list: MemberList;
  readonly #unread: UnreadCounts;

  constructor(
    { blocks, members, messages, rooms, users, readOptions }: Collections,
    changes: Changes,
    ends: LogEnds,
    operations: Operations,
  ) {
    this.#members = members;
    this.#blocks = blocks;
    this.#rooms = rooms;
    this.#readOptions = readOptions;
    this.#changes = changes.messages;
    this.#roomChanges = changes.rooms;
    this.#ends = ends;
    this.#operations = operations;
    this.#counts = new MemberCounts({ members, rooms });
    this.#list = new MemberList({ members, users, readOptions });
    this.#unread = new UnreadCounts({ messages, readOptions });
  }

  join(roomId: string, userId: string): Promise<void> {
    return this.#operations.run(async () => {
      // A ban that is not applied yet would be no obstacle.
      await this.#roomChanges.settle(roomId);
      const room = await this.#rooms.findOne({ _id: roomId, type: "public", ...IS_THERE });
      if (!room) return;
      const { seq: readSeq } = await this.#ends.find(roomId);
      const joinedAt = new Date();
      const member = memberOf(roomId, userId, { role: "member", readSeq, joinedAt });
      await this.#counts.change(roomId, async () => {
        return Number(await this.#insert(member) || await this.#rejoin(member));
      });
      await this.#endInDeleted(member);
    });
  }

  leave(roomId: string, userId: string): Promise<boolean> {
    return this.#operations.run(async () => {
      // A role that is not applied yet would be no obstacle.
      await this.#roomChanges.settle(roomId);
      const _id = memberId(roomId, userId);
      const member = await this.#members.findOne({ _id, ...IS_MEMBER });
      if (member?.role !== "member") return member === null;
      await this.#counts.change(roomId, async () => {
        const { modifiedCount } = await this.#members.updateOne(
          { _id, role: "member" },
          {
            $set: { role: null, removal: "left" },
            $addToSet: { pending: markOf(userId, "room", newId()) },
          },
        );
        return -modifiedCount;
      });
      return await this.#members.findOne({ _id, ...IS_MEMBER }) === null;
    });
  }

  standings(roomId: string, userIds: readonly string[]): Promise<Standings | null> {
    return this.#operations.run(async () => {
      await this.#roomChanges.settle(roomId);
      const ids = userIds.map((userId) => memberId(roomId, userId));
      const [room, members] = await Promise.all([
        this.#rooms.findOne({ _id: roomId, ...IS_THERE }),
        this.#members.find({ _id: { $in: ids } }, { batchSize: ids.length + 1 }).toArray(),
      ]);
      if (!room) return null;
      const blocked = room.pair !== undefined && { isBlocked: await this.#isBlocked(room.pair) };
      const standings = members.map((member) => {
        const { userId, role, ban = null, mute = null, lastSend = null } = member;
        return [userId, { role, ban, mute, lastSend, ...blocked }] as const;
      });
      return { rules: rulesOf(room), standings: new Map(standings) };
    });
  }

  list(roomId: string, query: MemberQuery): Promise<Member[]> {
    return this.#operations.run(async () => {
      await this.#roomChanges.settle(roomId);
      return await this.#list.page(roomId, query);
    });
  }

  moderated(userId: string, limit: number): Promise<string[]> {
    return this.#operations.run(async () => {
      await this.#roomChanges.settleOf(userId);
      const members = await this.#members
        .find({ userId, role: { $in: ["moderator", "owner"] } }, {
          projection: { roomId: 1 },
          limit,
          batchSize: limit + 1,
        })
        .toArray();
      return members.map(({ roomId }) => roomId);
    });
  }

  get(roomId: string, userId: string): Promise<Member | null> {
    return this.#operations.run(async () => {
      await this.#roomChanges.settle(roomId);
      const _id = memberId(roomId, userId);
      const member = await this.#members.findOne({ _id, ...IS_MEMBER });
      return member && (await this.#list.withUsers([member]))[0]!;
    });
  }

  restricted(
    roomId: string,
    kind: "ban" | "mute",
    { limit, after = "" }: { limit: number; after?: string | undefined },
  ): Promise<Restricted[]> {
    return this.#operations.run(async () => {
      await this.#roomChanges.settle(roomId);
      const until = `${kind}.until`;
      const isInForce = { $or: [{ [until]: null }, { [until]: { $gt: new Date() } }] };
      const filter = { roomId, ...IS_RESTRICTED[kind], userId: { $gt: after }, ...isInForce };
      const options = { ...this.#readOptions, sort: { userId: 1 }, limit } as const;
      const found = await this.#members.find(filter, options).toArray();
      const listed = await this.#list.withUsers(found);
      return found.map((member, i) => ({ user: listed[i]!.user, ...member[kind]! }));
    });
  }

  find(userId: string, roomIds: readonly string[]): Promise<Map<string, Membership>> {
    return this.#operations.run(async () => {
      const members = await this.#members
        .find({ userId, roomId: { $in: [...roomIds] } }, { batchSize: roomIds.length + 1 })
        .toArray();
      const hidden = members.flatMap(({ roomId, hiddenN }) => hiddenN == null ? [] : [roomId]);
      const ends = new Map(
        (await this.#ends.findAll(hidden)).map(({ n }, i) => [hidden[i]!, n] as const),
      );
      return new Map(members.flatMap((member) => {
        const { roomId, role, readSeq, notifications = "all" } = member;
        if (role === null) return [];
        const hidden = isHidden(member, ends.get(roomId) ?? 0);
        return [[roomId, { role, readSeq, notifications, hidden }]];
      }));
    });
  }

  setRead(roomId: string, userId: string, seq: number, back: boolean): Promise<ReadMove | null> {
    return this.#operations.run(async () => {
      const member = { roomId, userId, ...IS_MEMBER };
      const mark = markOf(userId, "read", String(seq));
      const { matchedCount } = await this.#members.updateOne(
        { ...member, readSeq: back ? { $gt: seq } : { $lt: seq } },
        { $set: { readSeq: seq }, $addToSet: { pending: mark } },
      );
      if (matchedCount > 0) return { readSeq: seq, moved: true };
      const found = await this.#members.findOne(member);
      return found && { readSeq: found.readSeq, moved: false };
    });
  }

  setPreferences(
    roomId: string,
    userId: string,
    { notifications, hidden }: Partial<Preferences>,
  ): Promise<boolean> {
    return this.#operations.run(async () => {
      const hiddenN = hidden ? (await this.#ends.find(roomId)).n : null;
      const changes = {
        ...(notifications && { notifications }),
        ...(hidden !== undefined && { hiddenN }),
      };
      const match = { _id: memberId(roomId, userId), ...IS_MEMBER };
      const { matchedCount } = await this.#members.updateOne(match, {
        $set: changes,
        $addToSet: { pending: markOf(userId, "room", newId()) },
      });
      return matchedCount > 0;
    });
  }

  countUnread(userId: string, readSeqs: ReadonlyMap<string, number>): Promise<Map<string, Unread>> {
    return this.#operations.run(async () => {
      // A deletion may be pending, whose message would be counted.
      await this.#changes.settleRooms([...readSeqs.keys()]);
      return await this.#unread.count(userId, readSeqs);
    });
  }

  /** Whether one of the two of a direct room has blocked the other. */
  async #isBlocked(pair: string): Promise<boolean> {
    const [one, other] = usersOfPair(pair);
    const ids = [blockId(one!, other!), blockId(other!, one!)];
    return await this.#blocks.findOne({ _id: { $in: ids }, isOn: true }) !== null;
  }

  /** Whether they were not there before. */
  async #insert(member: MemberDocument): Promise<boolean> {
    try {
      await this.#members.insertOne(member);
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  /** Whether they had been there before, and neither were members nor are banned. */
  async #rejoin(
    { _id, userId, role, readSeq, joinedAt, pending = [] }: MemberDocument,
  ): Promise<boolean> {
    const isFree = { $or: [{ ban: null }, { "ban.until": { $lte: joinedAt } }] };
    const { modifiedCount } = await this.#members.updateOne(
      { _id, role: null, ...isFree },
      {
        $set: { role, readSeq, joinedAt, hiddenN: null },
        $addToSet: { pending: { $each: [...pending, markOf(userId, "reset", newId())] } },
      },
    );
    return modifiedCount > 0;
  }

  /** Ends a membership that the deletion of its room has not seen. */
  async #endInDeleted({ _id, roomId, userId }: MemberDocument): Promise<void> {
    await this.#roomChanges.settle(roomId);
    if (await this.#rooms.findOne({ _id: roomId, ...IS_THERE }, { projection: { _id: 1 } })) return;
    await this.#members.updateOne({ _id, ...IS_MEMBER }, {
      $set: { role: null, removal: "deleted" },
      $addToSet: { pending: markOf(userId, "room", newId()) },
    });
  }
}

function rulesOf(room: RoomDocument): RoomRules {
  const { type, postPolicy, archivedAt, slowModeSeconds, slowModeSeq = 0 } = room;
  const slowMode = slowModeOf(slowModeSeconds, slowModeSeq);
  return { type, postPolicy, archivedAt, slowMode, isDeleted: false };
}
