/** Sessions, in a collection whose expired documents the server sweeps. */
import type { Collection } from "mongodb";
import type { Session, SessionRotation } from "../../../domain/session.ts";
import type { SessionStore } from "../../../ports/store/sessions.ts";
import { fromSession, type SessionDocument, toSession } from "./user_documents.ts";
import type { Operations } from "./operations.ts";

export class MongoSessions implements SessionStore {
  readonly #sessions: Collection<SessionDocument>;
  readonly #operations: Operations;

  constructor(sessions: Collection<SessionDocument>, operations: Operations) {
    this.#sessions = sessions;
    this.#operations = operations;
  }

  create(session: Session): Promise<void> {
    return this.#operations.run(async () => {
      await this.#sessions.insertOne(fromSession(session));
    });
  }

  find(id: string): Promise<Session | null> {
    return this.#operations.run(async () => {
      // The server sweeps about once a minute.
      const session = await this.#sessions.findOne({ _id: id, expiresAt: { $gt: new Date() } });
      return session && toSession(session);
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
