/** Rooms, in a collection of their own; where their logs end is looked up in these. */
import type { Collection, Document, Filter } from "mongodb";
import { type CreatedDraft, LOG_START, numberEntries, positionOf } from "../../../domain/entry.ts";
import { isInForce } from "../../../domain/restriction.ts";
import { type NewRoom, pairOf, type Room } from "../../../domain/room.ts";
import { firstMembers } from "../../../domain/room_changes.ts";
import type { PublicUser } from "../../../domain/user.ts";
import type { RoomCursor, RoomQuery, RoomStore } from "../../../ports/store/rooms.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import { IS_MEMBER, isHidden, type MemberDocument, memberOf } from "./member_documents.ts";
import { fromRoom, IS_THERE, type RoomDocument, toNewRoom, usersOfPair } from "./room_documents.ts";
import { PUBLIC_FIELDS, toPublicUser, type UserDocument } from "./user_documents.ts";
import { type EntryDocument, fromOpening } from "./entry_documents.ts";
import type { LogEnds } from "./log_ends.ts";
import type { Operations } from "./operations.ts";
import type { RoomChanges } from "./room_changes.ts";
import { RoomInsert } from "./room_insert.ts";
import { anyOf, inPortions } from "./room_portions.ts";

export class MongoRooms implements RoomStore {
  readonly #rooms: Collection<RoomDocument>;
  readonly #messages: Collection<EntryDocument>;
  readonly #members: Collection<MemberDocument>;
  readonly #users: Collection<UserDocument>;
  readonly #readOptions: ReadOptions;
  readonly #changes: RoomChanges;
  readonly #inserts: RoomInsert;
  readonly #ends: LogEnds;
  readonly #operations: Operations;

  constructor(
    collections: Collections,
    changes: RoomChanges,
    ends: LogEnds,
    operations: Operations,
  ) {
    this.#rooms = collections.rooms;
    this.#messages = collections.messages;
    this.#members = collections.members;
    this.#users = collections.users;
    this.#readOptions = collections.readOptions;
    this.#changes = changes;
    this.#inserts = new RoomInsert(collections);
    this.#ends = ends;
    this.#operations = operations;
  }

  create(room: NewRoom, opening: readonly CreatedDraft[]): Promise<boolean> {
    const entries = numberEntries(LOG_START, room.id, opening);
    const end = positionOf(entries.at(-1)!);
    const joined = { readSeq: end.seq, joinedAt: room.createdAt };
    const members = firstMembers(room, opening.map(({ message }) => message));
    return this.#operations.run(async () => {
      const created = await this.#inserts.insert({
        room: fromRoom(room),
        opening: entries.map(fromOpening),
        members: members.map(({ userId, role }) => {
          return { ...memberOf(room.id, userId, { role, ...joined }), seq: end.seq };
        }),
      });
      if (created) this.#ends.saw(room.id, end);
      return created;
    });
  }

  find(idOrSlug: string): Promise<Room | null> {
    return this.#operations.run(async () => {
      const document = await this.#findDocument(idOrSlug);
      return document && (await this.#withEnds([document]))[0]!;
    });
  }

  describe(idOrSlug: string): Promise<NewRoom | null> {
    return this.#operations.run(async () => {
      const document = await this.#findDocument(idOrSlug);
      return document && (await this.#toRooms([document]))[0]!;
    });
  }

  describeAll(ids: readonly string[]): Promise<NewRoom[]> {
    return this.#operations.run(async () => {
      const match = { _id: { $in: [...ids] }, ...IS_THERE };
      return await this.#toRooms(await this.#readDocuments({ $match: match }));
    });
  }

  findDirect(userIds: readonly [string, string]): Promise<Room | null> {
    return this.#operations.run(async () => {
      const [room = null] = await this.#read({ $match: { pair: pairOf(userIds) } });
      return room;
    });
  }

  findAll(ids: readonly string[]): Promise<Room[]> {
    return this.#operations.run(() =>
      this.#read({ $match: { _id: { $in: [...ids] }, ...IS_THERE } })
    );
  }

  takenSlugs(slugs: string[]): Promise<string[]> {
    return this.#operations.run(async () => {
      const rooms = await this.#rooms
        .find({ slug: { $in: slugs } }, { projection: { slug: 1 } })
        .toArray();
      return rooms.map((room) => room.slug);
    });
  }

  list(userId: string, { own = false, order, ...query }: RoomQuery): Promise<Room[]> {
    return this.#operations.run(async () => {
      if (own && order === "activity") return await this.#lastActive(userId, query);
      const found = await this.#roomsOf(userId, own ? {} : { type: "private" });
      const isListed = { _id: { $in: own ? await this.#shownOf(found) : [...found.keys()] } };
      return await this.#read(
        { $match: { ...(query.after && afterName(query.after)), ...IS_THERE } },
        { $match: own ? isListed : { $or: [await this.#publicFor(userId), isListed] } },
        { $match: archivedOrNot(query.archived) },
        { $sort: { name: 1, _id: 1 } },
        { $limit: query.limit },
      );
    });
  }

  /** The public rooms from which a user is not banned. */
  async #publicFor(userId: string): Promise<Document> {
    const bans = await this.#members.find({ userId, ban: { $exists: true, $ne: null } }).toArray();
    const now = new Date();
    const banned = bans.filter(({ ban = null }) => isInForce(ban, now));
    return { type: "public", _id: { $nin: banned.map(({ roomId }) => roomId) } };
  }

  /** A page of the user's own rooms in the order of activity, for which all have to be looked at. */
  async #lastActive(
    userId: string,
    { limit, archived, after }: Omit<RoomQuery, "own" | "order">,
  ): Promise<Room[]> {
    const own = await this.#roomsOf(userId, archivedOrNot(archived));
    const ends = await this.#endsOf(await this.#shownOf(own));
    const page = ends
      .filter((room) => !after || byActivity(after, room) < 0)
      .toSorted(byActivity)
      .slice(0, limit);
    const ids = page.map(({ id }) => id);
    const rooms = await this.#toRooms(await this.#readDocuments({ $match: { _id: { $in: ids } } }));
    const byId = new Map(rooms.map((room) => [room.id, room]));
    return page.flatMap((end) => {
      const room = byId.get(end.id);
      return room ? { ...room, ...end } : [];
    });
  }

  /** The rooms in which a user is a member; of private ones with every change that was made before. */
  async #roomsOf(userId: string, match: Filter<RoomDocument>): Promise<Map<string, Own>> {
    const own = await this.#membershipsOf(userId);
    if (own.size === 0) return own;
    const rooms = await this.#rooms
      .find({ _id: { $in: [...own.keys()] }, ...match }, {
        projection: { type: 1 },
        ...this.#readOptions,
      })
      .toArray();
    // Whose name and existence nobody may learn who was removed.
    const hidden = rooms.filter(({ type }) => type === "private").map(({ _id }) => _id);
    const left = await this.#changes.settleAll(hidden) ? await this.#membershipsOf(userId) : own;
    return new Map(rooms.flatMap(({ _id }) => {
      const member = left.get(_id);
      return member ? [[_id, member]] : [];
    }));
  }

  /** Those of a user's rooms that they have not hidden. */
  async #shownOf(own: ReadonlyMap<string, Own>): Promise<string[]> {
    const hidden = [...own].filter(([, { hiddenN }]) => typeof hiddenN === "number");
    const ends = await this.#ends.findAll(hidden.map(([id]) => id));
    const still = new Set(hidden.flatMap(([id, member], i) => {
      return isHidden(member, ends[i]!.n) ? [id] : [];
    }));
    return [...own.keys()].filter((id) => !still.has(id));
  }

  async #membershipsOf(userId: string): Promise<Map<string, Own>> {
    const members = await this.#members
      .find({ userId, ...IS_MEMBER }, {
        projection: { roomId: 1, hiddenN: 1 },
        ...this.#readOptions,
      })
      .toArray();
    return new Map(members.map((member) => [member.roomId, member]));
  }

  async #read(...stages: Document[]): Promise<Room[]> {
    return await this.#withEnds(await this.#readDocuments(...stages));
  }

  /** As it is with all entries of its log applied: those of a slug only once its room is known. */
  async #findDocument(idOrSlug: string): Promise<RoomDocument | null> {
    await this.#changes.settle(idOrSlug);
    const match = { $or: [{ _id: idOrSlug }, { slug: idOrSlug }], ...IS_THERE };
    const found = await this.#readDocuments({ $match: match });
    const document = found.find(({ _id }) => _id === idOrSlug) ?? found[0];
    if (!document || document._id === idOrSlug) return document ?? null;
    return await this.#findDocument(document._id);
  }

  #readDocuments(...stages: Document[]): Promise<RoomDocument[]> {
    return this.#rooms.aggregate<RoomDocument>(stages, this.#readOptions).toArray();
  }

  async #withEnds(documents: RoomDocument[]): Promise<Room[]> {
    const rooms = await this.#toRooms(documents);
    const ends = await this.#endsOf(documents.map(({ _id }) => _id));
    return rooms.map((room, i) => ({ ...room, ...ends[i]! }));
  }

  /** Where the logs of these rooms end, and when their last messages were sent. */
  async #endsOf(ids: string[]): Promise<Pick<Room, "id" | "lastSeq" | "lastMessageAt">[]> {
    const ends = await this.#ends.findAll(ids);
    const changed = ids.flatMap((roomId, i) => {
      const { n, messageAt } = ends[i]!;
      return messageAt || n === 0 ? [] : [{ roomId, n }];
    });
    const times = new Map(await inPortions(changed, (portion) => this.#timesOf(portion)));
    return ids.map((id, i) => {
      const { seq: lastSeq, messageAt } = ends[i]!;
      return { id, lastSeq, lastMessageAt: messageAt ?? times.get(id) ?? null };
    });
  }

  /** With their creators, direct ones with their two users as well, as they are now. */
  async #toRooms(documents: RoomDocument[]): Promise<NewRoom[]> {
    const ids = documents.flatMap(({ creatorId, pair }) => {
      return pair === undefined ? [creatorId] : [creatorId, ...usersOfPair(pair)];
    });
    const users = await this.#findUsers([...new Set(ids)]);
    return documents.map((document) => {
      const room = toNewRoom(document, users.get(document.creatorId)!);
      if (document.pair === undefined) return room;
      return { ...room, members: usersOfPair(document.pair).map((id) => users.get(id)!) };
    });
  }

  async #findUsers(ids: string[]): Promise<Map<string, PublicUser>> {
    if (ids.length === 0) return new Map();
    const users = await this.#users
      .find({ _id: { $in: ids } }, { projection: PUBLIC_FIELDS, ...this.#readOptions })
      .toArray();
    const byId = new Map(users.map((user) => [user._id, user]));
    return new Map(ids.map((id) => {
      const user = byId.get(id);
      return [id, toPublicUser(id, user ? [user] : [])];
    }));
  }

  /** When messages of distinct rooms were sent, by their ordinals. */
  async #timesOf(messages: readonly { roomId: string; n: number }[]): Promise<[string, Date][]> {
    const found = await this.#messages.find(anyOf(messages), {
      projection: { roomId: 1, createdAt: 1 },
      ...this.#readOptions,
    }).toArray();
    return found.map(({ roomId, createdAt }) => [roomId, createdAt]);
  }
}

function archivedOrNot(archived = false): Filter<RoomDocument> {
  return { archivedAt: archived ? { $ne: null } : null };
}

function afterName({ name, id }: RoomCursor): Document {
  return { name: { $gte: name }, $or: [{ name: { $gt: name } }, { _id: { $gt: id } }] };
}

/** Of a membership, what decides whether its room is listed. */
type Own = Pick<MemberDocument, "hiddenN">;

type Active = Pick<RoomCursor, "id" | "lastMessageAt">;

/** The last active first, then by id, the greatest first. */
function byActivity(a: Active, b: Active): number {
  const later = (b.lastMessageAt?.getTime() ?? 0) - (a.lastMessageAt?.getTime() ?? 0);
  return later || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}
