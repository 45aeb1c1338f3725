/** Deletes what a user has written in a room lately. */
import type { Participant } from "../../domain/actor.ts";
import { LOG_LIMIT } from "../../domain/entry.ts";
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

export interface RecentMessages {
  roomId: string;
  userId: string;
  /** How far it goes back. */
  seconds: number;
}

/**
 * Deletes a user's messages of the last `seconds`, the newest first, at most 1,000.
 * @throws ChatError `forbidden`, as `RoomLog.append`
 */
export async function deleteRecent(
  actor: Participant,
  { store, log }: Pick<Dependencies, "store" | "log">,
  { roomId, userId, seconds }: RecentMessages,
): Promise<void> {
  const since = Date.now() - seconds * 1_000;
  let [deleted, read, before] = [0, 0, LOG_LIMIT];
  while (deleted < MAX_DELETED && read < MAX_READ) {
    const page = await store.messages.before(roomId, before, PAGE);
    const own = page.toReversed().filter((message) => {
      return message.sender.id === userId && !message.system && message.deletedAt === null &&
        message.createdAt.getTime() >= since;
    });
    const some = own.slice(0, MAX_DELETED - deleted);
    await Promise.all(some.map(({ id }) => deleteOne(actor, { log }, roomId, id)));
    deleted += some.length;
    read += page.length;
    const oldest = page[0];
    if (page.length < PAGE || !oldest || oldest.createdAt.getTime() < since) return;
    const position = await store.messages.position(roomId, oldest.id);
    if (!position) return;
    before = position;
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
