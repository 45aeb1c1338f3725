/** The documents of members, which stay when they leave. */
import type { RemovalReason } from "../../../domain/account.ts";
import { newId } from "../../../domain/id.ts";
import {
  type LastSend,
  type Membership,
  type Notifications,
  type Role,
  ROLES,
} from "../../../domain/membership.ts";
import type { Restriction } from "../../../domain/restriction.ts";
import { markOf, type Pending } from "./account_documents.ts";

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
  /** The last invitations that they have used. */
  invitations?: string[];
}

/** Matches the documents of members, not of those who have left or are only banned or muted. */
export const IS_MEMBER = { role: { $in: [...ROLES] } };

/** Matches the documents of those who are banned or muted, or were for some time: as in an index. */
export const IS_RESTRICTED = {
  ban: { ban: { $type: "object" } },
  mute: { mute: { $type: "object" } },
} as const;

export function memberId(roomId: string, userId: string): string {
  return `${userId} ${roomId}`;
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

/** Of a member document: whether the room is hidden, by the ordinal of its last message. */
export function isHidden({ hiddenN }: Pick<MemberDocument, "hiddenN">, n: number): boolean {
  return typeof hiddenN === "number" && hiddenN >= n;
}
