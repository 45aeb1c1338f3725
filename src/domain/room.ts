/** A room: the place that owns one log of messages. */
import type { JsonObject } from "./json.ts";
import type { PublicUser } from "./user.ts";

export interface Room extends RoomSettings {
  id: string;
  name: string;
  /** Unique, made from the name. */
  slug: string;
  description: string | null;
  createdBy: PublicUser;
  memberCount: number;
  /** Of a direct room: the two whose it is, as they are now, by their ids. Other rooms have none. */
  members?: PublicUser[];
  /** The last entry of the room's log; 0 while it is empty. */
  lastSeq: number;
  /** When its last message was sent; null while there is none. */
  lastMessageAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
}

/**
 * Who may read it and become a member: everybody signed in; who was added or invited; two users, who
 * never change.
 */
export type RoomType = "public" | "private" | "direct";

/** The lowest role that sends, while nothing else speaks against it. */
export type PostPolicy = "members" | "moderators";

/** What of a room decides what one may do in it. */
export interface RoomRules {
  /** Never changes. */
  type: RoomType;
  postPolicy: PostPolicy;
  /** Null while it is not archived. */
  archivedAt: Date | null;
  /** Null while it is off. */
  slowMode: SlowMode | null;
  /** Whether its log has ended. */
  isDeleted: boolean;
}

/** Who is no moderator waits between two messages. */
export interface SlowMode {
  seconds: number;
  /** The entry that set it: what was sent before does not count. */
  since: number;
}

/** What of a room its owners may set, beside its name and description, and what it began as. */
export interface RoomSettings extends Omit<RoomRules, "slowMode" | "isDeleted"> {
  /** What a member waits between two messages; 0 for nothing. */
  slowModeSeconds: number;
  /** The app's own. */
  metadata: JsonObject | null;
}

/** What an entry makes of a room's settings; what is left out stays. */
export interface SettingChanges {
  name?: string;
  description?: string | null;
  postPolicy?: PostPolicy;
  slowModeSeconds?: number;
  archivedAt?: Date | null;
  metadata?: JsonObject | null;
}

/** Changes of settings as a message holds them. */
export interface AnnouncedChanges extends Omit<SettingChanges, "archivedAt"> {
  archived?: boolean;
}

/** What is unique for the direct room of two users, whoever creates it. */
export function pairOf(userIds: readonly [string, string]): string {
  return userIds.toSorted().join(" ");
}

/** Of a public room that nobody has restricted. */
export const OPEN_RULES: RoomRules = Object.freeze({
  type: "public",
  postPolicy: "members",
  archivedAt: null,
  slowMode: null,
  isDeleted: false,
});

/** What a public room begins with. */
export const OPEN_SETTINGS: RoomSettings = Object.freeze({
  type: "public",
  postPolicy: "members",
  archivedAt: null,
  slowModeSeconds: 0,
  metadata: null,
});

/** A room before its log has any entry. */
export type NewRoom = Omit<Room, "lastSeq" | "lastMessageAt">;
