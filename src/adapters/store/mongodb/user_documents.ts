/** The documents of users and their sessions, and how users are shown in those of others. */
import { nameWords } from "../../../domain/name.ts";
import type { Session } from "../../../domain/session.ts";
import type { AccountStanding, KnownUser, PublicUser, User } from "../../../domain/user.ts";
import type { Pending } from "./account_documents.ts";
import type { Stored } from "./documents.ts";

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

export function toPublicUser(id: string, [user]: PublicUserDocument[]): PublicUser {
  return { id, displayName: user?.displayName ?? "", avatarUrl: user?.avatarUrl ?? null };
}

export function fromSession({ id, ...fields }: Session): SessionDocument {
  return { _id: id, ...fields };
}

export function toSession({ _id, ...fields }: SessionDocument): Session {
  return { id: _id, ...fields };
}
