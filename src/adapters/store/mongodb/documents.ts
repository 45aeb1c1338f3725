/** The documents of the MongoDB store, their indexes, and how they become domain objects. */
import type { Collection, Db } from "mongodb";
import type { Membership } from "../../../domain/membership.ts";
import type { NewRoom } from "../../../domain/room.ts";
import type { Session } from "../../../domain/session.ts";
import type { PublicUser, User } from "../../../domain/user.ts";
import type { EntryDocument } from "./entry_documents.ts";

/** A domain object whose `id` is the document's key. */
type Stored<T extends { id: string }> = Omit<T, "id"> & { _id: string };

export type UserDocument = Stored<User>;
export type SessionDocument = Stored<Session>;
export type RoomDocument = Stored<Omit<NewRoom, "createdBy">> & { creatorId: string };
/** A text that a message had before its present one. */
export interface EditDocument {
  /** The message's id and `seq`. */
  _id: string;
  roomId: string;
  messageId: string;
  /** The entry that the text came with. */
  seq: number;
  /** Absent once the message is deleted. */
  text?: string;
  editedAt: Date | null;
  /** Only then it goes: until then it keeps a belated writer from writing the text again. */
  erasedAt?: Date;
}

/** A user's emoji on a message. */
export interface ReactionDocument {
  /** The ids of message and user, and the emoji. */
  _id: string;
  roomId: string;
  messageId: string;
  emoji: string;
  userId: string;
  /** The entry that added or removed it. */
  seq: number;
  /** Set if it was removed; it goes only later, so that a belated writer cannot add it again. */
  removedAt?: Date;
}

/** A user's place in a room. */
export interface MemberDocument extends Membership {
  /** The ids of user and room. */
  _id: string;
  userId: string;
  roomId: string;
}

/** A room as `WITH_CREATOR` reads it. */
export type RoomView = RoomDocument & { creators: PublicUserDocument[] };

export type PublicUserDocument = Stored<PublicUser>;

export interface Collections {
  users: Collection<UserDocument>;
  sessions: Collection<SessionDocument>;
  rooms: Collection<RoomDocument>;
  /** The entries of all logs. */
  messages: Collection<EntryDocument>;
  edits: Collection<EditDocument>;
  reactions: Collection<ReactionDocument>;
  members: Collection<MemberDocument>;
}

/** How long what was erased or removed is kept; no writer is belated by more. */
const KEPT_SECONDS = 24 * 60 * 60;

export function collectionsOf(db: Db): Collections {
  return {
    users: db.collection("users"),
    sessions: db.collection("sessions"),
    rooms: db.collection("rooms"),
    messages: db.collection("messages"),
    edits: db.collection("edits"),
    reactions: db.collection("reactions"),
    members: db.collection("members"),
  };
}

/** Makes the indexes that are missing; the guarantees of the store rest on the unique ones. */
export async function createIndexes(db: Db): Promise<void> {
  const { users, sessions, rooms, messages, edits, reactions, members } = collectionsOf(db);
  await Promise.all([
    users.createIndex({ email: 1 }, { unique: true }),
    rooms.createIndexes([
      { key: { slug: 1 }, unique: true },
      { key: { name: 1, _id: 1 } },
    ]),
    // All begin with the room, so that the collection can be sharded by it.
    messages.createIndexes([
      { key: { roomId: 1, seq: 1 }, unique: true },
      { key: { roomId: 1, n: 1 }, unique: true },
      { key: { roomId: 1, senderId: 1, clientMessageId: 1 }, unique: true },
      // Not partial, although few messages have keys: not every server would use it then.
      { key: { roomId: 1, keys: 1, n: 1 } },
    ]),
    edits.createIndexes([
      { key: { roomId: 1, messageId: 1, seq: 1 } },
      { key: { erasedAt: 1 }, expireAfterSeconds: KEPT_SECONDS },
    ]),
    reactions.createIndexes([
      { key: { roomId: 1, messageId: 1, emoji: 1, seq: 1, userId: 1 } },
      { key: { roomId: 1, userId: 1, messageId: 1 } },
      { key: { removedAt: 1 }, expireAfterSeconds: KEPT_SECONDS },
    ]),
    members.createIndex({ userId: 1, roomId: 1 }, { unique: true }),
    sessions.createIndex({ expiresAt: 1 }, { expireAfterSeconds: 0 }),
  ]);
}

/** The projection of a user to what others may see. */
export const PUBLIC_FIELDS = { displayName: 1, avatarUrl: 1 } as const;

/** The stage that adds to each entry its sender, or who made the change, as they are now. */
export const WITH_SENDER = lookUpUser("senderId", "senders");

/** The stage that adds to each room its creator as they are now. */
export const WITH_CREATOR = lookUpUser("creatorId", "creators");

/** The stage that adds to each document a user as they are now. */
export function lookUpUser(localField: string, as: string) {
  const pipeline = [{ $project: PUBLIC_FIELDS }];
  return { $lookup: { from: "users", localField, foreignField: "_id", pipeline, as } };
}

export function fromUser({ id, ...fields }: User): UserDocument {
  return { _id: id, ...fields };
}

export function toUser({ _id, ...fields }: UserDocument): User {
  return { id: _id, ...fields };
}

export function fromSession({ id, ...fields }: Session): SessionDocument {
  return { _id: id, ...fields };
}

export function toSession({ _id, ...fields }: SessionDocument): Session {
  return { id: _id, ...fields };
}

export function fromRoom({ id, createdBy, ...fields }: NewRoom): RoomDocument {
  return { _id: id, creatorId: createdBy.id, ...fields };
}

export function memberOf(roomId: string, userId: string, member: Membership): MemberDocument {
  return { _id: `${userId} ${roomId}`, userId, roomId, ...member };
}

export function toNewRoom({ _id, creatorId, creators, ...fields }: RoomView): NewRoom {
  return { id: _id, ...fields, createdBy: toPublicUser(creatorId, creators) };
}

export function toPublicUser(id: string, [user]: PublicUserDocument[]): PublicUser {
  return { id, displayName: user?.displayName ?? "", avatarUrl: user?.avatarUrl ?? null };
}
