/** Reports a message to those who moderate its room. */
import type { Actor } from "../../domain/actor.ts";
import { ChatError, messageNotFound } from "../../domain/errors.ts";
import { newId } from "../../domain/id.ts";
import { requirePresent } from "../../domain/message_changes.ts";
import type { Report } from "../../domain/report.ts";
import type { Dependencies } from "../dependencies.ts";

export interface NewReport {
  messageId: string;
  reason: string;
  comment: string | null;
}

/**
 * Reports a message as it is now. A user's second report of a message changes nothing.
 * @returns the report, and whether it was made before
 * @throws ChatError `room_not_found`, `message_not_found`, `message_deleted`, `rate_limited`;
 *   `forbidden` in direct rooms, which nobody else reads
 */
export async function reportMessage(
  actor: Actor,
  { access, rateLimits, store }: Pick<Dependencies, "access" | "rateLimits" | "store">,
  idOrSlug: string,
  { messageId, reason, comment }: NewReport,
): Promise<{ report: Report; isRepeat: boolean }> {
  const room = await access.find(actor, idOrSlug);
  await rateLimits.consume("report", actor.userId);
  const [message] = await store.messages.find(room.roomId, [messageId]);
  if (!message) throw messageNotFound();
  if (room.rules.type === "direct") {
    throw new ChatError("forbidden", "Nobody else reads this room; block the user instead.");
  }
  requirePresent(message);
  await access.confirm(actor, room, [message]);
  const id = newId();
  const report = await store.reports.create({
    id,
    roomId: room.roomId,
    reporterId: actor.userId,
    message,
    reason,
    comment,
    state: "open",
    note: null,
    closedById: null,
    closedAt: null,
    createdAt: new Date(),
  });
  return { report, isRepeat: report.id !== id };
}
