/** Deletes what deleted rooms held, a part at a time. */
import type { Collections } from "./collections.ts";
import type { RoomDocument } from "./room_documents.ts";
import type { MessageDocument } from "./entry_documents.ts";
import { detachments } from "./file_documents.ts";
import type { Operations } from "./operations.ts";
import type { RoomChanges } from "./room_changes.ts";

/** So long other instances may still deliver a room's last entries. */
const PURGE_AFTER_MS = 60_000;
/** Entries of a room that one run deletes. */
const ENTRIES_AT_ONCE = 1_000;

/**
 * May run on several instances at once, and die halfway: what is deleted is deleted again, and how far
 * it has come is written only then.
 */
export class Purge {
  readonly #collections: Collections;
  readonly #changes: RoomChanges;
  readonly #operations: Operations;

  constructor(collections: Collections, changes: RoomChanges, operations: Operations) {
    this.#collections = collections;
    this.#changes = changes;
    this.#operations = operations;
  }

  /**
   * Deletes a part of what one room held; its last entry stays, so that its numbers stay taken.
   * @throws ChatError `unavailable`
   */
  async run(): Promise<void> {
    await this.#operations.run(async () => {
      const room = await this.#collections.rooms.findOne({
        deletedAt: { $lte: new Date(Date.now() - PURGE_AFTER_MS) },
        purgedAt: { $exists: false },
      });
      if (!room) return;
      // What appenders that died have left undone, such as a line of the audit log.
      await this.#changes.settle(room._id);
      const from = room.purgedSeq ?? 0;
      // The entry that deleted it is the last that has changed it.
      const to = Math.min(from + ENTRIES_AT_ONCE, room.changedSeq - 1);
      if (from < to) await this.#deleteEntries(room._id, from, to);
      else await this.#finish(room);
    });
  }

  async #deleteEntries(roomId: string, from: number, to: number): Promise<void> {
    const { edits, files, messages, reactions, rooms, search } = this.#collections;
    const range = { roomId, seq: { $gt: from, $lte: to } };
    const found = await messages
      .find<Pick<MessageDocument, "_id" | "attachments">>(range, {
        projection: { "attachments.id": 1 },
      })
      .toArray();
    const messageId = { $in: found.map(({ _id }) => _id) };
    const detached = detachments(found, new Date());
    if (detached.length > 0) await files.bulkWrite(detached);
    await Promise.all([
      ...[edits, reactions].map((each) => each.deleteMany({ roomId, messageId })),
      search.deleteMany({ _id: messageId }),
    ]);
    await messages.deleteMany(range);
    await rooms.updateOne({ _id: roomId }, { $max: { purgedSeq: to } });
  }

  async #finish({ _id: roomId }: RoomDocument): Promise<void> {
    const { invitations, members, rooms, searchProgress } = this.#collections;
    await invitations.deleteMany({ roomId });
    await searchProgress.deleteOne({ _id: roomId });
    // Those whose accounts have no number of it yet stay until they have.
    await members.deleteMany({ roomId, "pending.0": { $exists: false } });
    if (await members.findOne({ roomId })) return;
    await rooms.updateOne({ _id: roomId }, {
      $set: { purgedAt: new Date(), name: "", description: null, metadata: null },
    });
  }
}
