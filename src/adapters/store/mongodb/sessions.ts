/** Sessions, in a collection whose expired documents the server sweeps. */
import type { Collection } from "mongodb";
import type { Session, SessionRotation } from "../../../domain/session.ts";
import type { Identification, SessionStore } from "../../../ports/store/sessions.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import type { Operations } from "./operations.ts";
import {
  fromSession,
  type SessionDocument,
  toSession,
  toUser,
  type UserDocument,
} from "./user_documents.ts";

export class MongoSessions implements SessionStore {
  readonly #sessions: Collection<SessionDocument>;
  readonly #users: Collection<UserDocument>;
  readonly #readOptions: ReadOptions;
  readonly #operations: Operations;

  constructor({ sessions, users, readOptions }: Collections, operations: Operations) {
    this.#sessions = sessions;
    this.#users = users;
    this.#readOptions = readOptions;
    this.#operations = operations;
  }

  create(session: Session): Promise<void> {
    return this.#operations.run(async () => {
      await this.#sessions.insertOne(fromSession(session));
    });
  }

  find(id: string): Promise<Session | null> {
    return this.#operations.run(async () => {
      const session = await this.#sessions.findOne({ _id: id, ...notExpired() });
      return session && toSession(session);
    });
  }

  identify(ids: readonly string[]): Promise<Map<string, Identification>> {
    return this.#operations.run(async () => {
      const sessions = await this.#sessions
        .find({ _id: { $in: [...ids] }, ...notExpired() }, {
          ...this.#readOptions,
          projection: { userId: 1, revokedAt: 1 },
        })
        .toArray();
      const userIds = new Set(sessions.map(({ userId }) => userId));
      const users = await this.#users
        .find({ _id: { $in: [...userIds] } }, this.#readOptions)
        .toArray();
      const byId = new Map(users.map((user) => [user._id, user]));
      return new Map(sessions.flatMap(({ _id, userId, revokedAt }) => {
        const user = byId.get(userId);
        if (!user) return [];
        return [[_id, { revokedAt, user: toUser(user), accountSeq: user.accountSeq ?? 0 }]];
      }));
    });
  }

  rotate(id: string, from: number, rotation: SessionRotation): Promise<boolean> {
    return this.#operations.run(async () => {
      const { generation, rotations, expiresAt } = rotation;
      const { matchedCount } = await this.#sessions.updateOne(
        { _id: id, generation: from, revokedAt: null },
        { $set: { generation, rotations, expiresAt } },
      );
      return matchedCount === 1;
    });
  }

  revoke(id: string, revokedAt: Date): Promise<boolean> {
    return this.#operations.run(async () => {
      const { matchedCount } = await this.#sessions.updateOne(
        { _id: id, revokedAt: null },
        { $set: { revokedAt } },
      );
      return matchedCount === 1;
    });
  }

  revokeAll(userId: string, revokedAt: Date): Promise<string[]> {
    return this.#operations.run(async () => {
      const open = await this.#sessions
        .find({ userId, revokedAt: null }, { projection: { _id: 1 } })
        .toArray();
      const ids = open.map(({ _id }) => _id);
      await this.#sessions.updateMany({ _id: { $in: ids }, revokedAt: null }, {
        $set: { revokedAt },
      });
      return ids;
    });
  }

  revoked(ids: string[]): Promise<string[]> {
    return this.#operations.run(async () => {
      const revoked = await this.#sessions
        .find({ _id: { $in: ids }, revokedAt: { $ne: null } }, { projection: { _id: 1 } })
        .toArray();
      return revoked.map(({ _id }) => _id);
    });
  }
}

/** Matches sessions that have not expired: the server sweeps about once a minute. */
function notExpired(): { expiresAt: { $gt: Date } } {
  return { expiresAt: { $gt: new Date() } };
}
