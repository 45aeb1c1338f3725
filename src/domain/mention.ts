/** Why a message concerns a user more than others in its room. */
import type { Message } from "./message.ts";
import type { PublicUser } from "./user.ts";

/** It names the user, answers them, or means everybody; `direct`: it was written to them alone. */
export type MentionReason = "mention" | "reply" | "room" | "direct";

/** The hint that there is such a message. */
export interface Mention {
  roomId: string;
  messageId: string;
  by: PublicUser;
  reason: MentionReason;
}

/**
 * Why a message is among a user's mentions; null if it is not.
 * @param isAnswer whether it answers the user
 */
export function reasonOf(
  { deletedAt, mentions, mentionsRoom, sender }: Message,
  userId: string,
  isAnswer: boolean,
): Exclude<MentionReason, "direct"> | null {
  if (deletedAt !== null || sender.id === userId) return null;
  if (mentions.includes(userId)) return "mention";
  if (isAnswer) return "reply";
  return mentionsRoom ? "room" : null;
}
