/** The documents of rooms and of invitations to them. */
import type { NewInvitation } from "../../../domain/invitation.ts";
import { type NewRoom, pairOf } from "../../../domain/room.ts";
import type { PublicUser } from "../../../domain/user.ts";
import type { Stored } from "./documents.ts";

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

export type InvitationDocument = Stored<Omit<NewInvitation, "createdBy">> & {
  creatorId: string;
  uses: number;
  /**
   * The users of counted uses of whom it is not known yet that they have become members, each with the
   * id of the claim behind a space. Who has become one has the invitation in their member's document.
   */
  claims: string[];
};

/** Matches rooms that are not deleted. */
export const IS_THERE = { deletedAt: { $exists: false } };

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

export function toNewRoom(document: RoomDocument, createdBy: PublicUser): NewRoom {
  const { _id: id, slug, type, name, description, metadata } = document;
  const { archivedAt, postPolicy, slowModeSeconds, memberCount, createdAt, updatedAt } = document;
  return {
    id,
    slug,
    type,
    name,
    description,
    archivedAt,
    postPolicy,
    slowModeSeconds,
    metadata: metadata === null ? null : JSON.parse(metadata),
    memberCount,
    createdBy,
    createdAt,
    updatedAt,
  };
}

/** The ids of the two of a direct room. */
export function usersOfPair(pair: string): string[] {
  return pair.split(" ");
}
