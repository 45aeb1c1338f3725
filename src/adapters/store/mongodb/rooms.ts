/** Rooms, in a collection of their own; where their logs end is looked up in these. */
import type { Collection, Document } from "mongodb";
import pLimit from "p-limit";
import { type CreatedDraft, entryAfter, LOG_START, positionOf } from "../../../domain/entry.ts";
import type { NewRoom, Room } from "../../../domain/room.ts";
import type { RoomStore } from "../../../ports/store/rooms.ts";
import type { Collections } from "./collections.ts";
import {
  fromRoom,
  IS_MEMBER,
  type MemberDocument,
  type RoomDocument,
  type RoomView,
  toNewRoom,
  WITH_CREATOR,
} from "./documents.ts";
import { type EntryDocument, fromCreation } from "./entry_documents.ts";
import type { LogEnds } from "./log_ends.ts";
import type { Operations } from "./operations.ts";
import type { RoomChanges } from "./room_changes.ts";
import { RoomInsert } from "./room_insert.ts";

/** Rooms whose last message is looked up at once. */
const TIMES_AT_ONCE = 20;

export class MongoRooms implements RoomStore {
  readonly #rooms: Collection<RoomDocument>;
  readonly #messages: Collection<EntryDocument>;
  readonly #members: Collection<MemberDocument>;
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
    this.#changes = changes;
    this.#inserts = new RoomInsert(collections);
    this.#ends = ends;
    this.#operations = operations;
  }

  create(room: NewRoom, opening: CreatedDraft): Promise<boolean> {
    const entry = entryAfter(LOG_START, room.id, opening);
    return this.#operations.run(async () => {
      const created = await this.#inserts.insert(
        fromRoom(room),
        fromCreation(entry, opening.answered),
      );
      if (created) this.#ends.saw(room.id, positionOf(entry));
      return created;
    });
  }

  find(idOrSlug: string): Promise<Room | null> {
    return this.#operations.run(async () => {
      const view = await this.#findView(idOrSlug);
      return view && (await this.#withEnds([view]))[0]!;
    });
  }

  describe(idOrSlug: string): Promise<NewRoom | null> {
    return this.#operations.run(async () => {
      const view = await this.#findView(idOrSlug);
      return view && toNewRoom(view);
    });
  }

  takenSlugs(slugs: string[]): Promise<string[]> {
    return this.#operations.run(async () => {
      const rooms = await this.#rooms
        .find({ slug: { $in: slugs } }, { projection: { slug: 1 } })
        .toArray();
      return rooms.map((room) => room.slug);
    });
  }

  list(userId: string, limit: number, after?: { name: string; id: string }): Promise<Room[]> {
    const later = after
      ? {
        name: { $gte: after.name },
        $or: [{ name: { $gt: after.name } }, { _id: { $gt: after.id } }],
      }
      : {};
    return this.#operations.run(async () => {
      const visible = {
        $or: [{ type: "public" }, { _id: { $in: await this.#privateOf(userId) } }],
      };
      return await this.#read(
        { $match: later },
        { $match: visible },
        { $sort: { name: 1, _id: 1 } },
        { $limit: limit },
      );
    });
  }

  /** The private rooms of a user. */
  async #privateOf(userId: string): Promise<string[]> {
    const own = await this.#roomsOf(userId);
    if (own.length === 0) return [];
    const rooms = await this.#rooms
      .find({ _id: { $in: own }, type: "private" }, { projection: { _id: 1 } })
      .toArray();
    const ids = rooms.map(({ _id }) => _id);
    if (!await this.#changes.settleAll(ids)) return ids;
    const left = new Set(await this.#roomsOf(userId));
    return ids.filter((id) => left.has(id));
  }

  async #roomsOf(userId: string): Promise<string[]> {
    const members = await this.#members
      .find({ userId, ...IS_MEMBER }, { projection: { roomId: 1 } })
      .toArray();
    return members.map(({ roomId }) => roomId);
  }

  async #read(...stages: Document[]): Promise<Room[]> {
    return await this.#withEnds(await this.#readViews(...stages));
  }

  async #findView(idOrSlug: string): Promise<RoomView | null> {
    const match = { $or: [{ _id: idOrSlug }, { slug: idOrSlug }] };
    const views = await this.#readViews({ $match: match });
    return views.find(({ _id }) => _id === idOrSlug) ?? views[0] ?? null;
  }

  #readViews(...stages: Document[]): Promise<RoomView[]> {
    return this.#rooms.aggregate<RoomView>([...stages, WITH_CREATOR]).toArray();
  }

  async #withEnds(views: RoomView[]): Promise<Room[]> {
    const ends = await this.#ends.findAll(views.map(({ _id }) => _id));
    return await pLimit(TIMES_AT_ONCE).map(views, async (view, i) => {
      const { seq: lastSeq, n } = ends[i]!;
      return { ...toNewRoom(view), lastSeq, lastMessageAt: await this.#createdAt(view._id, n) };
    });
  }

  /** When a message was sent, by its ordinal. */
  async #createdAt(roomId: string, n: number): Promise<Date | null> {
    if (n === 0) return null;
    const options = { projection: { createdAt: 1 } };
    return (await this.#messages.findOne({ roomId, n }, options))?.createdAt ?? null;
  }
}
