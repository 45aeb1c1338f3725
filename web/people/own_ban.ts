/** The user's ban from a room, as its entry in the log says: the refusals that follow say nothing of it. */
import type { ChatMessage } from "../../src/client/mod.ts";

export interface OwnBan {
  /** ISO 8601, UTC; null if it does not end. */
  until: string | null;
  /** `""` if none was given. */
  reason: string;
}

/**
 * @param messages of the room, oldest first
 * @returns null if the user has not seen its entry: it would be the last one
 */
export function ownBanIn(messages: readonly ChatMessage[], userId: string): OwnBan | null {
  const last = messages.findLast(({ seq }) => seq !== null);
  if (last?.systemType !== "member_banned" || !last.systemData?.users.includes(userId)) return null;
  const { until = null, reason = "" } = last.systemData;
  return { until, reason };
}
