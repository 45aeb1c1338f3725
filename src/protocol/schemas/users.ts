/** Users as the server shows them. */
import { z } from "zod";
import { INSTANCE_ROLES, type User as DomainUser } from "../../domain/user.ts";
import type * as wire from "../wire/users.ts";
import { Id, Time } from "./fields.ts";

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
