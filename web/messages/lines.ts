/** The lines of a list of messages: grouped by day and sender, with a line above what is unread. */
import type { ChatMessage } from "../../src/client/mod.ts";

/** A line of the list: a message, or the heading of a day or of the unread messages. */
export type Line =
  | { kind: "message"; key: string; message: ChatMessage; continued: boolean }
  | { kind: "day" | "unread"; key: string; text: string };

/** Consecutive messages of one sender within this time share one heading. */
const GROUP_MS = 5 * 60_000;
const DAY = new Intl.DateTimeFormat([], { dateStyle: "full" });

/**
 * @param unreadAfter the last entry that the user had read; null for no line
 * @param userId the user, whose own messages are never unread
 */
export function toLines(
  messages: readonly ChatMessage[],
  unreadAfter: number | null,
  userId: string | undefined,
): Line[] {
  const lines: Line[] = [];
  let previous: ChatMessage | undefined;
  let previousDay = "";
  const firstUnread = unreadAfter === null
    ? undefined
    : messages.find((message) => isUnread(message, unreadAfter, userId));
  for (const message of messages) {
    const day = dayOf(message);
    const startsDay = day !== previousDay;
    if (startsDay) lines.push({ kind: "day", key: `day ${day}`, text: titleOf(message) });
    previousDay = day;
    const startsUnread = message === firstUnread;
    if (startsUnread) lines.push({ kind: "unread", key: "unread", text: "New messages" });
    const continued = !startsDay && !startsUnread && continues(message, previous!);
    lines.push({ kind: "message", key: message.key, message, continued });
    previous = message;
  }
  return lines;
}

/** Whether a message of somebody else comes after an entry, as the server counts unread messages. */
export function isUnread(
  { seq, sender, system, deletedAt }: ChatMessage,
  after: number,
  userId: string | undefined,
): boolean {
  return seq !== null && seq > after && !system && deletedAt === null && sender.id !== userId;
}

function continues(message: ChatMessage, previous: ChatMessage): boolean {
  if (previous.system || message.system || previous.sender.id !== message.sender.id) return false;
  if (message.replyTo !== null) return false;
  return Date.parse(message.createdAt) - Date.parse(previous.createdAt) < GROUP_MS;
}

function dayOf({ createdAt }: ChatMessage): string {
  return new Date(createdAt).toDateString();
}

function titleOf(message: ChatMessage): string {
  const day = dayOf(message);
  const now = new Date();
  if (day === now.toDateString()) return "Today";
  now.setDate(now.getDate() - 1);
  return day === now.toDateString() ? "Yesterday" : DAY.format(new Date(message.createdAt));
}
