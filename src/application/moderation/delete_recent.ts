/** Deletes what a banned user has written in a room lately, whatever dies meanwhile. */
import type { Participant } from "../../domain/actor.ts";
import type { BulkDeletion } from "../../domain/bulk_deletion.ts";
import { LOG_LIMIT } from "../../domain/entry.ts";
import { isRefusal } from "../../domain/errors.ts";
import { newId } from "../../domain/id.ts";
import type { Message } from "../../domain/message.ts";
import { remove } from "../../domain/message_changes.ts";
import { requireCapability } from "../../services/room_access.ts";
import type { Dependencies } from "../dependencies.ts";

/** Messages that are deleted, the newest first. */
const MAX_DELETED = 1_000;
/** Messages that are looked through, and how many at once. */
const MAX_READ = 100_000;
const PAGE = 200;
/** After so long without progress another instance takes a deletion over. */
const LEASE_MS = 3_000;

export function leaseEnd(): Date {
  return new Date(Date.now() + LEASE_MS);
}

/**
 * Deletes the newest messages of a user, at most 1,000 by all who have worked at it. Only what cannot
 * be deleted now is left for `resumeDeletions`.
 * @throws ChatError `forbidden`, as `RoomLog.append`
 */
export async function deleteRecent(
  actor: Participant,
  dependencies: Pick<Dependencies, "store" | "log">,
  deletion: BulkDeletion,
): Promise<void> {
  const { bulkDeletions } = dependencies.store;
  try {
    await deleteAll(actor, dependencies, deletion);
  } catch (error) {
    // The actor may not do it any more, which will not change.
    if (isRefusal(error)) await bulkDeletions.remove(deletion.id);
    throw error;
  }
  await bulkDeletions.remove(deletion.id);
}

async function deleteAll(
  actor: Participant,
  { store, log }: Pick<Dependencies, "store" | "log">,
  { id, roomId, userId, since, createdAt }: BulkDeletion,
): Promise<void> {
  let [deleted, read, before] = [0, 0, LOG_LIMIT];
  while (deleted < MAX_DELETED && read < MAX_READ) {
    const page = await store.messages.before(roomId, before, PAGE);
    // Those that were deleted since then count: by who has worked at it before.
    const own = page.toReversed().filter((message) => {
      return message.sender.id === userId && !message.system && message.createdAt >= since &&
        (message.deletedAt === null || message.deletedAt >= createdAt);
    });
    const some = own.slice(0, MAX_DELETED - deleted);
    const left = some.filter(({ deletedAt }) => deletedAt === null);
    await Promise.all(left.map(({ id }) => deleteOne(actor, { log }, roomId, id)));
    deleted += some.length;
    read += page.length;
    const oldest = page[0];
    if (page.length < PAGE || !oldest || oldest.createdAt < since) return;
    const position = await store.messages.position(roomId, oldest.id);
    if (!position) return;
    before = position;
    await store.bulkDeletions.postpone(id, leaseEnd());
  }
}

/** Not counted against the actor's limit: one request may delete many. */
async function deleteOne(
  actor: Participant,
  { log }: Pick<Dependencies, "log">,
  roomId: string,
  messageId: string,
): Promise<void> {
  const createdAt = new Date();
  const fields = { by: actor.user, clientMessageId: newId(), request: null };
  await log.append(roomId, {
    ...fields,
    text: "",
    needs: { messageIds: [messageId] },
    decide(state) {
      requireCapability(state.access(actor), "message.delete_any");
      const before: Message = state.message(messageId);
      const message = remove(before, createdAt);
      if (!message) return { unchanged: before };
      return { draft: { kind: "deleted", id: newId(), ...fields, createdAt, message, before } };
    },
  });
}
