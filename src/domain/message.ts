/** A message: made by one entry of a room's log, and changed by later ones. */
import type { Attachment } from "./file.ts";
import type { JsonObject } from "./json.ts";
import type { Role } from "./membership.ts";
import type { AnnouncedChanges } from "./room.ts";
import type { PublicUser } from "./user.ts";

export interface Message {
  id: string;
  roomId: string;
  /** The number of the entry that created it. */
  seq: number;
  /** The number of the entry that changed it last; `seq` if none did. */
  changedSeq: number;
  /** The number of the entry that its text is of; `seq` if it was not edited. */
  textSeq: number;
  /** The sender as they are now, not as they were when they wrote. */
  sender: PublicUser;
  /** Empty once it is deleted. */
  text: string;
  /** Written by the server about the sender ("Ada created the room"). */
  system: boolean;
  /** What makes a send idempotent: unique for a sender in a room. */
  clientMessageId: string;
  createdAt: Date;
  /** When it was changed last; `createdAt` if it was not. */
  updatedAt: Date;
  /** When its text was changed last. */
  editedAt: Date | null;
  /** A deleted message stays, without its content. */
  deletedAt: Date | null;
  /** The message that it answers. */
  replyTo: string | null;
  /** The first message of the chain of answers that it belongs to. */
  threadId: string | null;
  /** The ids of the users whom the sender named. */
  mentions: readonly string[];
  /** Whether it means everybody in the room. */
  mentionsRoom: boolean;
  /** In the order of first use. */
  reactions: readonly Reaction[];
  /** Whether it is pinned in its room. */
  pinned: boolean;
  /** Its files, in the sender's order. */
  attachments: readonly Attachment[];
  /** The app's own. */
  metadata: JsonObject | null;
  /** What a system message says; null for others. */
  systemType: SystemType | null;
  systemData: SystemData | null;
}

/** One emoji on a message. */
export interface Reaction {
  emoji: string;
  /** How many users it is of. */
  count: number;
  /** The ids of the first `SHOWN_REACTORS`, in the order of their entries, then of their ids. */
  users: readonly string[];
}

/** Users whom a reaction names. */
export const SHOWN_REACTORS = 10;

/** What it does with the room is in `room_changes.ts`. */
export type SystemType =
  | "room_created"
  | "room_updated"
  | "room_deleted"
  | "member_added"
  | "member_left"
  | "member_removed"
  | "member_role"
  | "member_banned"
  | "member_unbanned"
  | "member_muted"
  | "member_unmuted";

export interface SystemData {
  /** The ids of the users whom it is about. */
  users: string[];
  /** What they are from now on. */
  role?: Role;
  /** When it ends, ISO 8601; left out if it does not. */
  until?: string;
  reason?: string;
  /** The settings that are new. */
  changes?: AnnouncedChanges;
}

/** What a message is without an answer, a mention, a change or anything else that few have. */
export const PLAIN = {
  editedAt: null,
  deletedAt: null,
  replyTo: null,
  threadId: null,
  mentions: [],
  mentionsRoom: false,
  reactions: [],
  pinned: false,
  attachments: [],
  metadata: null,
  systemType: null,
  systemData: null,
} as const satisfies Partial<Message>;

/** What few messages have; the rest of a message is in every one. */
export type Details = Pick<Message, keyof typeof PLAIN>;

/** A message without a number; the log assigns it. */
export type MessageDraft = Omit<
  Message,
  "roomId" | "seq" | "changedSeq" | "textSeq" | "updatedAt"
>;

/** The message with everything gone that its sender or others put into it. */
export function withoutContent(message: Message): Message {
  const { editedAt, replyTo, threadId, systemType, systemData } = message;
  const kept = { editedAt, replyTo, threadId, systemType, systemData };
  return { ...message, ...PLAIN, ...kept, text: "" };
}
