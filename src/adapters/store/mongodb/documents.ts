/** The documents of the MongoDB store but those of entries, and how they become domain objects. */
import type { RemovalReason } from "../../../domain/account.ts";
import { newId } from "../../../domain/id.ts";
import type { NewInvitation } from "../../../domain/invitation.ts";
import {
  type LastSend,
  type Membership,
  type Notifications,
  type Restriction,
  type Role,
  ROLES,
} from "../../../domain/membership.ts";
import { type NewRoom, pairOf } from "../../../domain/room.ts";
import type { AuditEntry } from "../../../domain/audit.ts";
import type { BulkDeletion } from "../../../domain/bulk_deletion.ts";
import type { Report } from "../../../domain/report.ts";
import type { IndexedMessage, IndexProgress } from "../../../ports/store/search.ts";
import type { Session } from "../../../domain/session.ts";
import { nameWords } from "../../../domain/name.ts";
import type { AccountStanding, KnownUser, PublicUser, User } from "../../../domain/user.ts";

/** A domain object whose `id` is the document's key. */
type Stored<T extends { id: string }> = Omit<T, "id"> & { _id: string };

/** A user; the role of those who are no admins is absent, and so is the ban of most. */
export type UserDocument =
  & Stored<Omit<User, keyof AccountStanding>>
  & Partial<AccountStanding>
  & Pending
  & {
    /** Those of the display name, by which they are found. */
    words: string[];
    /** A number that the account has reached; 0 if absent. */
    accountSeq?: number;
  };
export type SessionDocument = Stored<Session>;
export type RoomDocument = Stored<Omit<NewRoom, "createdBy" | "members" | "metadata">> & {
  creatorId: string;
  /** As JSON, because names of fields may mean something to a server or its driver. */
  metadata: string | null;
  /** The last entry that changed its settings; 0 if none did. */
  changedSeq: number;
  /** Of a direct room: `pairOf` the two; other rooms have none. */
  pair?: string;
  /** The entry that set its slow mode; absent if none did. */
  slowModeSeq?: number;
  /** Absent while it is not deleted. */
  deletedAt?: Date;
  /** As `MemberCounts` announces them: changes of members that are not counted yet, and the last one. */
  counting?: string[];
  countedLast?: string;
  /** The last entry that is gone of a deleted room, and when all of it was. */
  purgedSeq?: number;
  purgedAt?: Date;
};

/** What keeps marks of changes whose items of the account's stream have no number yet. */
interface Pending {
  /** As `markOf` makes them. */
  pending?: string[];
}

/** An entry of an account's stream. */
export interface AccountItemDocument {
  /** The user's id and `seq`. */
  _id: string;
  userId: string;
  seq: number;
  /** As `keyOf` an item. */
  key: string;
  numberedAt: Date;
  /** Set once a later entry of the key is there; an hour later it goes. */
  replacedAt?: Date;
}

/** What a moderator or admin has done; its key is that of the entry that did it, if one did. */
export type AuditDocument = Stored<Omit<AuditEntry, "data" | "userIds">> & {
  userIds: string[];
  /** As JSON. */
  data: string;
};

export type ReportDocument = Stored<Omit<Report, "message">> & {
  messageId: string;
  /** The message as it was, as JSON. */
  message: string;
};

/** Says something of the database as a whole, by a key of its own. */
export type MetaDocument =
  | { _id: "schema"; version: number }
  /** There is one as soon as one user was about to become the first. */
  | { _id: "first user"; userId: string }
  /** Of the index that messages are found by. */
  | { _id: "search"; generation: number }
  /** Who indexes what others have left. */
  | { _id: "search claim"; owner: string; until: Date };

/** Matches rooms that are not deleted. */
export const IS_THERE = { deletedAt: { $exists: false } };

/** A text that a message had before its present one. */
export interface EditDocument {
  /** The message's id and `seq`. */
  _id: string;
  roomId: string;
  messageId: string;
  /** The entry that the text came with. */
  seq: number;
  /** Absent once the message is deleted. */
  text?: string;
  editedAt: Date | null;
  /** Only then it goes: until then it keeps a belated writer from writing the text again. */
  erasedAt?: Date;
}

/** A user's emoji on a message. */
export interface ReactionDocument {
  /** Its `reactionId`. */
  _id: string;
  roomId: string;
  messageId: string;
  emoji: string;
  userId: string;
  /** The entry that added or removed it. */
  seq: number;
  /** Set if it was removed; it goes only later, so that a belated writer cannot add it again. */
  removedAt?: Date;
}

export function reactionId(messageId: string, emoji: string, userId: string): string {
  return `${messageId} ${emoji} ${userId}`;
}

/** A user's place in a room; it stays when they leave, so that a belated writer changes nothing. */
export interface MemberDocument extends Pick<Membership, "readSeq">, Pending {
  /** The ids of user and room. */
  _id: string;
  userId: string;
  roomId: string;
  /** Null if they are no member. */
  role: Role | null;
  /** Why the last membership ended. */
  removal?: RemovalReason;
  joinedAt: Date;
  /** The last entry that changed it; 0 if none did. */
  seq: number;
  /** Absent if there is none, as is `mute`. */
  ban?: Restriction | null;
  mute?: Restriction | null;
  /** Absent if they want all. */
  notifications?: Notifications;
  /** The ordinal of the last message when it was hidden: it is hidden while this is the last one. */
  hiddenN?: number | null;
  lastSend?: LastSend | null;
}

/** A user whom another has blocked; lifted, it stays until the account has the item of that. */
export interface BlockDocument extends Pending {
  /** The ids of both. */
  _id: string;
  userId: string;
  blockedId: string;
  /** False once it is lifted. */
  isOn: boolean;
  createdAt: Date;
}

/** Of a member document: whether the room is hidden, by the ordinal of its last message. */
export function isHidden({ hiddenN }: Pick<MemberDocument, "hiddenN">, n: number): boolean {
  return typeof hiddenN === "number" && hiddenN >= n;
}

export function blockId(userId: string, blockedId: string): string {
  return `${userId} ${blockedId}`;
}

export type InvitationDocument = Stored<Omit<NewInvitation, "createdBy">> & {
  creatorId: string;
  uses: number;
  /**
   * The users of counted uses of whom it is not known yet that they have become members, each with the
   * id of the claim behind a space.
   */
  claims: string[];
};

/** One that another instance takes over from `dueAt` on. */
export type BulkDeletionDocument = Stored<BulkDeletion> & { dueAt: Date };

/**
 * A message in the index; of one that was taken out the terms are gone. Its sender and what it has are
 * terms as well.
 */
export type SearchDocument =
  & Pick<IndexedMessage, "seq" | "changedSeq" | "terms">
  & Partial<Pick<IndexedMessage, "at">>
  & {
    /** The message's. */
    _id: string;
    roomId: string;
    /** Of the index: see `MongoSearch`. */
    generation: number;
    erasedAt?: Date;
  };

/** How far a room's log is in the index; by its id. */
export interface SearchProgressDocument extends IndexProgress {
  _id: string;
  generation: number;
}

export type PublicUserDocument = Stored<PublicUser>;

/** The projection of a user to what others may see. */
export const PUBLIC_FIELDS = { displayName: 1, avatarUrl: 1 } as const;

/** The stage that adds to each entry its sender, or who made the change, as they are now. */
export const WITH_SENDER = lookUpUser("senderId", "senders");

/** The stage that adds to each document a user as they are now. */
export function lookUpUser(localField: string, as: string) {
  const pipeline = [{ $project: PUBLIC_FIELDS }];
  return { $lookup: { from: "users", localField, foreignField: "_id", pipeline, as } };
}

export function fromUser({ id, role, ban, ...fields }: User): UserDocument {
  return {
    _id: id,
    ...fields,
    words: nameWords(fields.displayName),
    ...(role === "admin" && { role }),
    ...(ban !== null && { ban }),
  };
}

export function toUser(
  { _id, words: _, pending: __, accountSeq: ___, role = "member", ban = null, ...rest }:
    UserDocument,
): User {
  return { id: _id, ...rest, role, ban };
}

export function toKnownUser(user: PublicUserDocument & Partial<AccountStanding>): KnownUser {
  const { role = "member", ban = null } = user;
  return { ...toPublicUser(user._id, [user]), role, ban };
}

export function fromSession({ id, ...fields }: Session): SessionDocument {
  return { _id: id, ...fields };
}

export function toSession({ _id, ...fields }: SessionDocument): Session {
  return { id: _id, ...fields };
}

export function fromRoom(room: NewRoom): RoomDocument {
  const { id, createdBy, metadata, members: [first, second] = [], ...fields } = room;
  return {
    _id: id,
    creatorId: createdBy.id,
    ...fields,
    metadata: metadata && JSON.stringify(metadata),
    changedSeq: 0,
    ...(first && second && { pair: pairOf([first.id, second.id]) }),
  };
}

/** The ids of the two of a direct room. */
export function usersOfPair(pair: string): string[] {
  return pair.split(" ");
}

export function fromAuditEntry({ id, userIds, data, ...fields }: AuditEntry): AuditDocument {
  return { _id: id, ...fields, userIds: [...userIds], data: JSON.stringify(data) };
}

export function toAuditEntry({ _id, data, ...fields }: AuditDocument): AuditEntry {
  return { id: _id, ...fields, data: JSON.parse(data) };
}

/** Matches the documents of members, not of those who have left or are only banned or muted. */
export const IS_MEMBER = { role: { $in: [...ROLES] } };

export function memberId(roomId: string, userId: string): string {
  return `${userId} ${roomId}`;
}

/**
 * A mark of a change in a document of this user; `change` tells it from those of other changes. Of a
 * read position that a new membership has `reset` only who has an item of it needs to know.
 */
export function markOf(
  userId: string,
  kind: "room" | "read" | "reset" | "profile" | "block",
  change: string,
): string {
  return `${userId} ${kind} ${change}`;
}

/** A new member, whose account is still to be told. */
export function memberOf(
  roomId: string,
  userId: string,
  member: Pick<MemberDocument, "role" | "readSeq" | "joinedAt">,
): MemberDocument {
  const pending = [markOf(userId, "room", newId())];
  return { _id: memberId(roomId, userId), userId, roomId, ...member, seq: 0, pending };
}

export function toNewRoom(
  {
    _id,
    creatorId: _,
    metadata,
    changedSeq: __,
    pair: ___,
    slowModeSeq: ____,
    counting: _____,
    countedLast: ______,
    ...fields
  }: RoomDocument,
  createdBy: PublicUser,
): NewRoom {
  return {
    id: _id,
    ...fields,
    metadata: metadata === null ? null : JSON.parse(metadata),
    createdBy,
  };
}

export function toPublicUser(id: string, [user]: PublicUserDocument[]): PublicUser {
  return { id, displayName: user?.displayName ?? "", avatarUrl: user?.avatarUrl ?? null };
}
