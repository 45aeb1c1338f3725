/** Which messages call for a user who is not looking, as they have chosen for each room. */
import type { ChatMessage, Room, RoomSummary } from "../../src/client/mod.ts";

/** `room`: everybody in the room is meant; `message`: any other message. */
export type AlertReason = "mention" | "reply" | "room" | "message";

/** What a user wants to be notified of. */
export type Notifications = RoomSummary["notifications"];

export interface Alert {
  readonly room: WatchedRoom;
  readonly message: ChatMessage;
  readonly reason: AlertReason;
}

type WatchedRoom = Pick<Room, "cursor" | "find" | "info" | "messages" | "state" | "unread">;

/** What came during an outage still calls for the user for so long. */
const RECENT_MS = 5 * 60_000;

/** Why a message calls for a user; null if it does not. */
export function alertReason(
  { sender, system, deletedAt, mentions, mentionsRoom, replyTo }: ChatMessage,
  ownId: string,
  find: Room["find"],
  notifications: Notifications,
): AlertReason | null {
  if (notifications === "none") return null;
  if (system || deletedAt !== null || sender.id === ownId) return null;
  if (mentions.includes(ownId)) return "mention";
  if (replyTo !== null && find(replyTo)?.sender.id === ownId) return "reply";
  if (mentionsRoom) return "room";
  return notifications === "all" ? "message" : null;
}

export interface AlertOptions {
  ownId: string;
  notifications(): Notifications;
  /** Whether the page is in front of the user: then the page itself shows what is new. */
  isLooking(): boolean;
  onAlert(alert: Alert): void;
  /** In ms, as `Date.now()`. */
  now?: () => number;
}

/**
 * Watches a room for messages that call for the user, each once. Nothing that was there at the first
 * join calls, nor what the user has read on another device. Of what an outage hid only the last one
 * calls, if it is recent.
 * @returns what ends the watch
 */
export function watchForAlerts(
  room: WatchedRoom,
  { ownId, notifications, isLooking, onAlert, now = Date.now }: AlertOptions,
): () => void {
  /** Up to where messages have been looked at; null before the first join. */
  let seen: number | null = null;
  let wasLive = false;

  const update = () => {
    const isLive = room.state.get().status === "live";
    const isReturn = isLive && !wasLive;
    wasLive = isLive;
    if (!isLive) return;
    if (seen === null) {
      seen = room.cursor;
      return;
    }
    const fresh = messagesAfter(room, seen);
    // Lower than before if the server was restored from a backup.
    const from = isReturn ? room.cursor : Math.max(seen, room.cursor);
    seen = Math.max(from, fresh.at(-1)?.seq ?? 0);
    if (isLooking()) return;
    const alerts = fresh.flatMap((message): Alert[] => {
      if (isRead(room, message)) return [];
      const reason = alertReason(message, ownId, room.find, notifications());
      return reason ? [{ room, message, reason }] : [];
    });
    if (!isReturn) return alerts.forEach(onAlert);
    const last = alerts.at(-1);
    if (last && now() - Date.parse(last.message.createdAt) < RECENT_MS) onAlert(last);
  };

  update();
  const ends = [room.state.subscribe(update), room.messages.subscribe(update)];
  return () => ends.forEach((end) => end());
}

/** Those that the server has, oldest first. */
function messagesAfter(room: WatchedRoom, seq: number): ChatMessage[] {
  const all = room.messages.get();
  const fresh: ChatMessage[] = [];
  for (let i = all.length - 1; i >= 0; i--) {
    const message = all[i]!;
    if (message.seq === null) continue;
    if (message.seq <= seq) break;
    fresh.unshift(message);
  }
  return fresh;
}

function isRead(room: WatchedRoom, { seq }: ChatMessage): boolean {
  return seq! <= (room.unread.get().readSeq ?? 0);
}
