/** Messages that concern a user, as they go over the wire. */
import type { Message } from "./messages.ts";
import type { Room } from "./rooms.ts";
import type { PublicUser } from "./users.ts";

/** It names one, answers one, or means everybody in a room of one's own. */
export type MentionReason = "mention" | "reply" | "room";

/** A message that concerns one. */
export interface Mention {
  /** As it is now. */
  message: Message;
  /** The message's. */
  room: Room;
  /** Why it concerns one. */
  reason: MentionReason;
}

/** A page of one's mentions, the newest first. */
export interface MentionsPage {
  /** The newest first. */
  mentions: Mention[];
  /** Where the next page begins; null at the end. */
  nextCursor: string | null;
}

/** What the server sends about messages that concern one. */
export interface MentionServerEvents {
  /** There is such a message, in a room joined or not: a hint. */
  "mention:new": {
    roomId: string;
    messageId: string;
    by: PublicUser;
    /** `direct`: it was written to one in a direct room. */
    reason: MentionReason | "direct";
  };
}
