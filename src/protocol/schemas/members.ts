/** Members of rooms, bans and mutes: what clients send about them, and what the server shows. */
import { z } from "zod";
import {
  type Member as DomainMember,
  type Restricted as DomainRestricted,
  ROLES,
} from "../../domain/membership.ts";
import { isInForce } from "../../domain/restriction.ts";
import { publicUser } from "../../domain/user.ts";
import { isoTime } from "../iso_time.ts";
import { MAX_DELETE_SECONDS, MAX_DISPLAY_NAME_LENGTH } from "../wire/limits.ts";
import type * as wire from "../wire/members.ts";
import { Limit, PageCursor, Restriction, RoomPath, Time, UserId } from "./fields.ts";
import { PublicUser } from "./users.ts";

/** Of a mute that does not end. */
const NEVER = "9999-12-31T23:59:59.999Z";

export const RoomRole = z.enum(ROLES);

export const Member = z.object({
  user: PublicUser,
  role: RoomRole,
  joinedAt: Time,
  mutedUntil: Time.nullable().meta({
    description: "null if they are not muted; of a mute that does not end the year 9999",
  }),
}).meta({ id: "Member" }) satisfies z.ZodType<wire.Member>;

export function presentMember({ user, role, joinedAt, mute }: DomainMember): wire.Member {
  const isMuted = isInForce(mute, new Date());
  const mutedUntil = isMuted ? (mute?.until ? isoTime(mute.until) : NEVER) : null;
  return { user: publicUser(user), role, joinedAt: isoTime(joinedAt), mutedUntil };
}

export const Restricted = z.object({
  user: PublicUser,
  until: Time.nullable().meta({ description: "null if it does not end" }),
  reason: z.string().nullable(),
}).meta({ id: "Restricted" }) satisfies z.ZodType<wire.Restricted>;

export function presentRestricted({ user, until, reason }: DomainRestricted): wire.Restricted {
  return { user: publicUser(user), until: until && isoTime(until), reason };
}

export const MembersQuery = z.object({
  limit: Limit,
  cursor: PageCursor.optional(),
  role: RoomRole.optional(),
  q: z.string().trim().max(MAX_DISPLAY_NAME_LENGTH).optional().meta({
    description: "the beginning of any word of the name",
  }),
});

export const RestrictedQuery = MembersQuery.pick({ limit: true, cursor: true });

/** A user in a room; `me` stands for oneself. */
export const MemberPath = RoomPath.extend({ userId: UserId });

export const MemberChange = z.object({ role: RoomRole.optional() }).meta({ id: "MemberChange" });

export const MuteRequest = Restriction.meta({ id: "MuteRequest" });
export const BanRequest = Restriction.extend({
  deleteSeconds: z.int().min(0).max(MAX_DELETE_SECONDS).default(0).meta({
    description: "their messages of so many seconds before are deleted, at most 1,000",
  }),
}).meta({ id: "BanRequest" });

export const MemberAnswer = z.object({ member: Member });
export const MembersPage = z.object({
  members: z.array(Member),
  nextCursor: z.string().nullable(),
}) satisfies z.ZodType<wire.MembersPage>;
export const BansPage = z.object({
  bans: z.array(Restricted),
  nextCursor: z.string().nullable(),
});
export const MutesPage = z.object({
  mutes: z.array(Restricted),
  nextCursor: z.string().nullable(),
});
