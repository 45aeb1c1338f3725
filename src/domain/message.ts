/** A message, which an entry of a room's log creates. */
import type { PublicUser } from "./user.ts";

export interface Message {
  id: string;
  roomId: string;
  /** The number of the entry that created it. */
  seq: number;
  /** The sender as they are now, not as they were when they wrote. */
  sender: PublicUser;
  text: string;
  /** Written by the server about the sender ("Ada created the room"). */
  system: boolean;
  /** What makes a send idempotent: unique for a sender in a room. */
  clientMessageId: string;
  createdAt: Date;
  updatedAt: Date;
}

/** A message without a number; the log assigns it. */
export type MessageDraft = Omit<Message, "roomId" | "seq" | "updatedAt">;

/**
 * How many of these, from the first on, have together at most `length` UTF-16 units of text; the
 * first counts in any case.
 */
export function countWithin(messages: readonly { text: string }[], length: number): number {
  let sum = 0;
  const end = messages.findIndex(({ text }, i) => {
    sum += text.length;
    return i > 0 && sum > length;
  });
  return end < 0 ? messages.length : end;
}
