/** The documents of the MongoDB store, their indexes, and how they become domain objects. */
import type { Collection, Db } from "mongodb";
import type { Entry } from "../../../domain/entry.ts";
import type { Message } from "../../../domain/message.ts";
import type { NewRoom } from "../../../domain/room.ts";
import type { Session } from "../../../domain/session.ts";
import type { PublicUser, User } from "../../../domain/user.ts";

/** A domain object whose `id` is the document's key. */
type Stored<T extends { id: string }> = Omit<T, "id"> & { _id: string };

export type UserDocument = Stored<User>;
export type SessionDocument = Stored<Session>;
export type RoomDocument = Stored<Omit<NewRoom, "createdBy">> & { creatorId: string };
/** A message, and at the same time the entry that created it. */
export type MessageDocument = Stored<Omit<Message, "sender">> & { senderId: string; n: number };

/** A room as `WITH_CREATOR` reads it. */
export type RoomView = RoomDocument & { creators: PublicUserDocument[] };
/** A message as `WITH_SENDER` reads it. */
export type MessageView = MessageDocument & { senders: PublicUserDocument[] };

type PublicUserDocument = Stored<PublicUser>;

export interface Collections {
  users: Collection<UserDocument>;
  sessions: Collection<SessionDocument>;
  rooms: Collection<RoomDocument>;
  messages: Collection<MessageDocument>;
}

export function collectionsOf(db: Db): Collections {
  return {
    users: db.collection("users"),
    sessions: db.collection("sessions"),
    rooms: db.collection("rooms"),
    messages: db.collection("messages"),
  };
}

/** Makes the indexes that are missing; the guarantees of the store rest on the unique ones. */
export async function createIndexes(db: Db): Promise<void> {
  const { users, sessions, rooms, messages } = collectionsOf(db);
  await Promise.all([
    users.createIndex({ email: 1 }, { unique: true }),
    rooms.createIndexes([
      { key: { slug: 1 }, unique: true },
      { key: { name: 1, _id: 1 } },
    ]),
    // All begin with the room, so that the collection can be sharded by it.
    messages.createIndexes([
      { key: { roomId: 1, seq: 1 }, unique: true },
      // Once other kinds of entries share the `n` of a message, only for those that create one.
      { key: { roomId: 1, n: 1 }, unique: true },
      { key: { roomId: 1, senderId: 1, clientMessageId: 1 }, unique: true },
    ]),
    sessions.createIndex({ expiresAt: 1 }, { expireAfterSeconds: 0 }),
  ]);
}

/** The stages that add to each message its sender as they are now. */
export const WITH_SENDER = [lookUpUser("senderId", "senders")];

/** The stage that adds to each room its creator as they are now. */
export const WITH_CREATOR = lookUpUser("creatorId", "creators");

function lookUpUser(localField: string, as: string) {
  const pipeline = [{ $project: { displayName: 1, avatarUrl: 1 } }];
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

export function toNewRoom({ _id, creatorId, creators, ...fields }: RoomView): NewRoom {
  return { id: _id, ...fields, createdBy: toPublicUser(creatorId, creators) };
}

export function fromEntry({ n, message }: Entry): MessageDocument {
  const { id, sender, ...fields } = message;
  return { _id: id, ...fields, n, senderId: sender.id };
}

export function toMessage({ _id, senderId, senders, n: _, ...fields }: MessageView): Message {
  return { id: _id, ...fields, sender: toPublicUser(senderId, senders) };
}

export function toEntry(view: MessageView): Entry {
  const { _id: id, roomId, seq, n } = view;
  return { kind: "created", id, roomId, seq, n, message: toMessage(view) };
}

function toPublicUser(id: string, [user]: PublicUserDocument[]): PublicUser {
  return { id, displayName: user?.displayName ?? "", avatarUrl: user?.avatarUrl ?? null };
}
