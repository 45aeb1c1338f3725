/** The record of what moderators and admins have done. */
import type { Collection, Document } from "mongodb";
import type { AuditEntry } from "../../../domain/audit.ts";
import type { AuditFilter, AuditStore } from "../../../ports/store/audit.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import { type AuditDocument, fromAuditEntry, toAuditEntry } from "./documents.ts";
import { insertNew } from "./inserts.ts";
import type { Operations } from "./operations.ts";
import type { RoomChanges } from "./room_changes.ts";

export class MongoAudit implements AuditStore {
  readonly #audit: Collection<AuditDocument>;
  readonly #readOptions: ReadOptions;
  readonly #changes: RoomChanges;
  readonly #operations: Operations;

  constructor(
    { audit, readOptions }: Collections,
    changes: RoomChanges,
    operations: Operations,
  ) {
    this.#audit = audit;
    this.#readOptions = readOptions;
    this.#changes = changes;
    this.#operations = operations;
  }

  add(entry: AuditEntry): Promise<void> {
    return this.#operations.run(async () =>
      void await insertNew(this.#audit, [fromAuditEntry(entry)])
    );
  }

  list(filter: AuditFilter, limit: number, before?: string): Promise<AuditEntry[]> {
    const { withPrivate, roomId, actorId, action } = filter;
    const match: Document = {
      ...(before !== undefined && { _id: { $lt: before } }),
      ...(!withPrivate && { isPrivate: false }),
      ...(roomId !== undefined && { roomId }),
      ...(actorId !== undefined && { actorId }),
      ...(action !== undefined && { action }),
    };
    return this.#operations.run(async () => {
      if (roomId !== undefined) await this.#changes.settle(roomId);
      const entries = await this.#audit.find(match, this.#readOptions)
        .sort({ _id: -1 }).limit(limit).toArray();
      return entries.map(toAuditEntry);
    });
  }
}
