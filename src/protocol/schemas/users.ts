/** Users as the server shows them. */
import { z } from "zod";
import type { Restriction as DomainRestriction } from "../../domain/restriction.ts";
import {
  INSTANCE_ROLES,
  type KnownUser,
  type PublicUser as DomainPublicUser,
  publicUser,
  type User as DomainUser,
} from "../../domain/user.ts";
import type * as wire from "../wire/users.ts";
import { Id, Limit, Restriction, SearchText, Time, UserId } from "./fields.ts";

export const PublicUser = z.object({
  id: Id,
  displayName: z.string(),
  avatarUrl: z.string().nullable(),
}).meta({ id: "PublicUser", description: "what others see of a user" }) satisfies z.ZodType<
  wire.PublicUser
>;

export const User = z.object({
  id: Id,
  email: z.string(),
  displayName: z.string(),
  avatarUrl: z.string().nullable(),
  role: z.enum(INSTANCE_ROLES),
  onboardingCompleted: z.boolean(),
  createdAt: Time,
  updatedAt: Time,
}).meta({ id: "User", description: "oneself" }) satisfies z.ZodType<wire.User>;

/** A user as they see themselves: everything but the password's hash. */
export function presentUser(user: DomainUser): wire.User {
  const { id, email, displayName, avatarUrl, role, onboardingCompleted } = user;
  return {
    id,
    email,
    displayName,
    avatarUrl,
    role,
    onboardingCompleted,
    createdAt: user.createdAt.toISOString(),
    updatedAt: user.updatedAt.toISOString(),
  };
}

export const UsersQuery = z.object({
  q: SearchText.default(""),
  limit: Limit,
});

export const UserPath = z.object({ userId: UserId });

export const RoleRequest = z.object({ role: z.enum(INSTANCE_ROLES) });

export const BanRequest = Restriction.meta({ id: "AccountBanRequest" });

export const FoundUser = PublicUser.extend({
  role: z.enum(INSTANCE_ROLES).optional().meta({ description: "for admins" }),
  ban: z.object({ until: Time.nullable(), reason: z.string().nullable() }).nullable().optional()
    .meta({ description: "for admins; one that has ended counts no more" }),
}).meta({ id: "FoundUser" }) satisfies z.ZodType<wire.FoundUser>;

export const FoundUsers = z.object({ users: z.array(FoundUser) });
export const FoundUserAnswer = z.object({ user: FoundUser });

/** A user as others see them, or as admins do. */
export function presentFound(user: DomainPublicUser | KnownUser): wire.FoundUser {
  if (!("role" in user)) return publicUser(user);
  return { ...publicUser(user), role: user.role, ban: presentRestriction(user.ban) };
}

function presentRestriction(restriction: DomainRestriction | null): wire.Restriction | null {
  if (!restriction) return null;
  const { until, reason } = restriction;
  return { until: until && until.toISOString(), reason };
}
