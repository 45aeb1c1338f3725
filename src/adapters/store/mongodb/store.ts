/** The store for several instances: a `Store` on MongoDB. */
import type { Collection, Document, MongoClient } from "mongodb";
import pLimit from "p-limit";
import { ChatError, unavailable } from "../../../domain/errors.ts";
import type { MessageDraft } from "../../../domain/message.ts";
import type { NewRoom, Room } from "../../../domain/room.ts";
import type { Session, SessionRotation } from "../../../domain/session.ts";
import type { ProfileChanges, User } from "../../../domain/user.ts";
import type { Store } from "../../../ports/store.ts";
import { type Connection, reason } from "./connection.ts";
import {
  createIndexes,
  fromDraft,
  fromRoom,
  fromSession,
  fromUser,
  type MessageDocument,
  type RoomDocument,
  type RoomView,
  type SessionDocument,
  toRoom,
  toSession,
  toUser,
  type UserDocument,
  WITH_CREATOR,
} from "./documents.ts";
import { isDuplicateKey, translate, within } from "./errors.ts";
import { MessageLog } from "./message_log.ts";
import { RoomInsert } from "./room_insert.ts";

const ANSWER_LIMIT_MS = 5_000;
const ENDS_AT_ONCE = 20;

/**
 * Keeps users, rooms, messages and sessions in a collection each. It needs no transactions, so that
 * a standalone server will do; what must be unique is held by unique indexes.
 */
export class MongoStore implements Store {
  readonly description: string;
  readonly #client: MongoClient;
  readonly #ping: () => Promise<unknown>;
  readonly #users: Collection<UserDocument>;
  readonly #rooms: Collection<RoomDocument>;
  readonly #sessions: Collection<SessionDocument>;
  readonly #roomInserts: RoomInsert;
  readonly #log: MessageLog;
  readonly #running = new Set<Promise<unknown>>();
  #closing: Promise<void> | null = null;

  private constructor({ client, db, description }: Connection) {
    this.description = description;
    this.#client = client;
    this.#ping = () => db.command({ ping: 1 });
    this.#users = db.collection("users");
    this.#rooms = db.collection("rooms");
    this.#sessions = db.collection("sessions");
    const messages = db.collection<MessageDocument>("messages");
    this.#roomInserts = new RoomInsert(this.#rooms, messages);
    this.#log = new MessageLog(messages);
    client.on("topologyDescriptionChanged", () => this.#log.ends.forget());
  }

  /**
   * Makes the indexes that are missing; resolves once they exist. The connection is the store's from
   * now on, and ends with it.
   * @throws Error of one line if the server refuses the indexes
   */
  static async open(connection: Connection): Promise<MongoStore> {
    try {
      await createIndexes(connection.db);
      return new MongoStore(connection);
    } catch (error) {
      await connection.client.close();
      throw new Error(`${connection.description} refuses its indexes: ${reason(error)}`, {
        cause: error,
      });
    }
  }

  createUser(user: User): Promise<void> {
    return this.#run(async () => {
      try {
        await this.#users.insertOne(fromUser(user));
      } catch (error) {
        if (!isDuplicateKey(error, "email")) throw error;
        throw new ChatError("email_taken", "An account with this email exists already.");
      }
    });
  }

  findUser(id: string): Promise<User | null> {
    return this.#findUser({ _id: id });
  }

  findUserByEmail(email: string): Promise<User | null> {
    return this.#findUser({ email });
  }

  updateUser(id: string, changes: ProfileChanges, updatedAt: Date): Promise<User | null> {
    return this.#run(async () => {
      const user = await this.#users.findOneAndUpdate(
        { _id: id },
        { $set: { ...changes, updatedAt } },
        { returnDocument: "after" },
      );
      return user && toUser(user);
    });
  }

  createRoom(room: NewRoom, opening: MessageDraft): Promise<boolean> {
    return this.#run(() =>
      this.#roomInserts.insert(fromRoom(room), fromDraft(opening, room.id, 1))
    );
  }

  findRoom(idOrSlug: string): Promise<Room | null> {
    return this.#run(async () => {
      const rooms = await this.#readRooms({
        $match: { $or: [{ _id: idOrSlug }, { slug: idOrSlug }] },
      });
      return rooms.find((room) => room.id === idOrSlug) ?? rooms[0] ?? null;
    });
  }

  takenSlugs(slugs: string[]): Promise<string[]> {
    return this.#run(async () => {
      const rooms = await this.#rooms
        .find({ slug: { $in: slugs } }, { projection: { slug: 1 } })
        .toArray();
      return rooms.map((room) => room.slug);
    });
  }

  listRooms(limit: number, after?: { name: string; id: string }): Promise<Room[]> {
    const later = after
      ? {
        name: { $gte: after.name },
        $or: [{ name: { $gt: after.name } }, { _id: { $gt: after.id } }],
      }
      : {};
    return this.#run(() =>
      this.#readRooms({ $match: later }, { $sort: { name: 1, _id: 1 } }, { $limit: limit })
    );
  }

  append(roomId: string, drafts: MessageDraft[]) {
    return this.#run(() => this.#log.append(roomId, drafts));
  }

  head(roomId: string) {
    return this.#run(() => this.#log.ends.find(roomId));
  }

  heads(roomIds: string[]): Promise<Map<string, number>> {
    return this.#run(async () => {
      const rooms = await this.#rooms
        .find({ _id: { $in: roomIds } }, { projection: { _id: 1 }, batchSize: roomIds.length })
        .toArray();
      const ends = await this.#findEnds(rooms.map(({ _id }) => _id));
      return new Map(rooms.map(({ _id }, i) => [_id, ends[i]!]));
    });
  }

  readAfter(roomId: string, after: number, limit: number) {
    return this.#run(() => this.#log.readAfter(roomId, after, limit));
  }

  readBefore(roomId: string, before: number, limit: number) {
    return this.#run(() => this.#log.readBefore(roomId, before, limit));
  }

  findSeq(roomId: string, messageId: string) {
    return this.#run(() => this.#log.findSeq(roomId, messageId));
  }

  createSession(session: Session): Promise<void> {
    return this.#run(async () => {
      await this.#sessions.insertOne(fromSession(session));
    });
  }

  findSession(id: string): Promise<Session | null> {
    return this.#run(async () => {
      // The server sweeps about once a minute.
      const session = await this.#sessions.findOne({ _id: id, expiresAt: { $gt: new Date() } });
      return session && toSession(session);
    });
  }

  rotateSession(id: string, from: number, rotation: SessionRotation): Promise<boolean> {
    return this.#run(async () => {
      const { generation, rotations, expiresAt } = rotation;
      const { matchedCount } = await this.#sessions.updateOne(
        { _id: id, generation: from, revokedAt: null },
        { $set: { generation, rotations, expiresAt } },
      );
      return matchedCount === 1;
    });
  }

  revokeSession(id: string, revokedAt: Date): Promise<boolean> {
    return this.#run(async () => {
      const { matchedCount } = await this.#sessions.updateOne(
        { _id: id, revokedAt: null },
        { $set: { revokedAt } },
      );
      return matchedCount === 1;
    });
  }

  revokedSessions(ids: string[]): Promise<string[]> {
    return this.#run(async () => {
      const revoked = await this.#sessions
        .find({ _id: { $in: ids }, revokedAt: { $ne: null } }, { projection: { _id: 1 } })
        .toArray();
      return revoked.map(({ _id }) => _id);
    });
  }

  ping(): Promise<void> {
    return this.#run(async () => {
      await this.#ping();
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#running);
    await this.#client.close();
  }

  #findUser(filter: { _id: string } | { email: string }): Promise<User | null> {
    return this.#run(async () => {
      const user = await this.#users.findOne(filter);
      return user && toUser(user);
    });
  }

  async #readRooms(...stages: Document[]): Promise<Room[]> {
    const views = await this.#rooms.aggregate<RoomView>([...stages, WITH_CREATOR]).toArray();
    const ends = await this.#findEnds(views.map(({ _id }) => _id));
    return views.map((view, i) => toRoom(view, ends[i]!));
  }

  /** Many questions at once would take the connections that appends need. */
  #findEnds(roomIds: string[]): Promise<number[]> {
    return pLimit(ENDS_AT_ONCE).map(roomIds, (roomId) => this.#log.ends.find(roomId));
  }

  /** Runs an operation that `close` waits for, in limited time, and without the driver's errors. */
  async #run<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#closing) throw unavailable("The store is closed.");
    const running = within(ANSWER_LIMIT_MS, operation());
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      throw translate(error);
    } finally {
      this.#running.delete(running);
    }
  }
}
