/** Which messages call for a user who is not looking, in those of their rooms that are not followed. */
import type { Client, Message, RoomSummary } from "../../src/client/mod.ts";
import type { AlertReason, Notifications } from "./alerts.ts";

export interface MentionAlert {
  readonly room: RoomSummary;
  readonly message: Message;
  readonly reason: AlertReason;
}

export interface MentionAlertOptions {
  notifications(room: RoomSummary): Notifications;
  /** Whether the page is in front of the user: then the page itself shows what is new. */
  isLooking(): boolean;
  onAlert(alert: MentionAlert): void;
}

/**
 * Watches for what the server hints at: mentions, answers, and all messages of direct rooms, unless
 * the user wants none of the room. Other messages of these rooms do not call.
 * @returns what ends the watch
 */
export function watchForMentions(
  client: Pick<Client, "api" | "onMention" | "rooms">,
  { notifications, isLooking, onAlert }: MentionAlertOptions,
): () => void {
  return client.onMention(async ({ roomId, messageId, reason }) => {
    const room = client.rooms.get()?.find(({ id }) => id === roomId);
    if (!room || room.isJoined || isLooking() || notifications(room) === "none") return;
    const message = await client.api.readMessage(roomId, messageId).catch(() => null);
    if (message?.deletedAt !== null) return;
    onAlert({ room, message, reason: reason === "direct" ? "message" : reason });
  });
}
