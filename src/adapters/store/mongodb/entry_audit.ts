/** Records what entries of rooms' logs do, in a collection that is only added to. */
import type { Collection } from "mongodb";
import { type AuditRecord, recordOfDeletion, recordOfNotice } from "../../../domain/audit.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import { type AuditDocument, fromAuditEntry } from "./documents.ts";
import type { RoomDocument } from "./room_documents.ts";
import type { ChangeDocument, EntryDocument, MessageDocument } from "./entry_documents.ts";
import { insertNew } from "./inserts.ts";

/** Called by `RoomChanges`; to repeat it changes nothing. */
export class EntryAudit {
  readonly #audit: Collection<AuditDocument>;
  readonly #rooms: Collection<RoomDocument>;
  readonly #messages: Collection<EntryDocument>;
  readonly #readOptions: ReadOptions;

  constructor({ audit, rooms, messages, readOptions }: Collections) {
    this.#audit = audit;
    this.#rooms = rooms;
    this.#messages = messages;
    this.#readOptions = readOptions;
  }

  /** Resolves once a majority has what is recorded of a message that changes its room. */
  async addNotice(entry: MessageDocument): Promise<void> {
    const { systemType = null, systemData = null, senderId } = entry;
    const record = recordOfNotice(senderId, { systemType, systemData });
    if (record) await this.#insert(entry.roomId, [[entry, record]]);
  }

  /** The same of deletions in a room, those of others' messages. */
  async addDeletions(roomId: string, deletions: readonly ChangeDocument[]): Promise<void> {
    const ids = deletions.map(({ messageId }) => messageId);
    const messages = await this.#messages
      .find({ _id: { $in: ids } }, { projection: { senderId: 1 }, ...this.#readOptions })
      .toArray();
    const senders = new Map(messages.map(({ _id, senderId }) => [_id, senderId]));
    const records = deletions.flatMap((deletion): [ChangeDocument, AuditRecord][] => {
      const { messageId: id, senderId: by } = deletion;
      const record = recordOfDeletion(by, { id, senderId: senders.get(id)! });
      return record ? [[deletion, record]] : [];
    });
    await this.#insert(roomId, records);
  }

  async #insert(
    roomId: string,
    records: readonly (readonly [EntryDocument, AuditRecord])[],
  ): Promise<void> {
    if (records.length === 0) return;
    const room = await this.#rooms.findOne({ _id: roomId }, { projection: { type: 1 } });
    const isPrivate = room?.type !== "public";
    const documents = records.map(([{ _id, senderId: actorId, createdAt }, record]) => {
      return fromAuditEntry({ ...record, id: _id, actorId, roomId, isPrivate, createdAt });
    });
    await insertNew(this.#audit, documents);
  }
}
