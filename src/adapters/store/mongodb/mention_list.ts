/** The messages that name a user, answer them, or mean everybody in a room of theirs. */
import type { Collection, Document } from "mongodb";
import { isInForce } from "../../../domain/restriction.ts";
import type { MentionCursor, MentionPlace } from "../../../ports/store/messages.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import type { EntryDocument, MessageDocument } from "./entry_documents.ts";
import { answeredKey, mentionKey, ROOM_MENTION_KEY } from "./entry_keys.ts";
import type { MemberDocument } from "./member_documents.ts";
import type { RoomDocument } from "./room_documents.ts";

export class MentionList {
  readonly #messages: Collection<EntryDocument>;
  readonly #members: Collection<MemberDocument>;
  readonly #rooms: Collection<RoomDocument>;
  readonly #readOptions: ReadOptions;

  constructor({ messages, members, rooms, readOptions }: Collections) {
    this.#messages = messages;
    this.#members = members;
    this.#rooms = rooms;
    this.#readOptions = readOptions;
  }

  /** As `MessageStore.mentionsOf`. */
  async page(userId: string, limit: number, before?: MentionCursor): Promise<MentionPlace[]> {
    const members = await this.#members.find({ userId }, this.#readOptions).toArray();
    const own = members.filter(({ role }) => role !== null).map(({ roomId }) => roomId);
    const named = { keys: { $in: [answeredKey(userId), mentionKey(userId)] } };
    const listed = [
      { $match: { senderId: { $ne: userId }, deletedAt: { $exists: false } } },
      { $match: before ? olderThan(before) : {} },
      { $sort: { createdAt: -1, _id: -1 } },
      { $limit: limit },
      { $project: { roomId: 1, createdAt: 1, keys: 1 } },
    ];
    const find = (...stages: Document[]) =>
      this.#messages.aggregate<MessageDocument>([...stages, ...listed], this.#readOptions)
        .toArray();
    const unreadable = await this.#unreadable(named, own, members);
    const found = await Promise.all([
      find({ $match: named }, { $match: { roomId: { $nin: unreadable } } }),
      find({ $match: { roomId: { $in: own }, keys: ROOM_MENTION_KEY } }),
    ]);
    const byId = new Map(found.flat().map((message) => [message._id, message]));
    const places = Array.from(byId.values(), ({ _id, roomId, createdAt, keys = [] }) => {
      return { roomId, messageId: _id, createdAt, isAnswer: keys.includes(answeredKey(userId)) };
    });
    return places.toSorted(byTime).slice(0, limit);
  }

  /** Of the rooms with messages that name a user those that they may not read, and deleted ones. */
  async #unreadable(
    named: Document,
    own: readonly string[],
    members: readonly MemberDocument[],
  ): Promise<string[]> {
    const now = new Date();
    const banned = members.filter(({ ban = null }) => isInForce(ban, now));
    const rooms = new Set<string>(await this.#messages.distinct("roomId", named));
    const others = [...rooms.difference(new Set(own))];
    const hidden = others.length === 0 ? [] : await this.#rooms
      .find({
        _id: { $in: others },
        $or: [{ type: { $ne: "public" } }, { deletedAt: { $exists: true } }],
      }, { projection: { _id: 1 } })
      .toArray();
    return [...hidden.map(({ _id }) => _id), ...banned.map(({ roomId }) => roomId)];
  }
}

function olderThan({ createdAt, messageId }: MentionCursor) {
  return {
    createdAt: { $lte: createdAt },
    $or: [{ createdAt: { $lt: createdAt } }, { _id: { $lt: messageId } }],
  };
}

/** The newest first, then by id, the greatest first. */
function byTime(a: MentionPlace, b: MentionPlace): number {
  const later = b.createdAt.getTime() - a.createdAt.getTime();
  return later !== 0 ? later : a.messageId < b.messageId ? 1 : -1;
}
