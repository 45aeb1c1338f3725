/** Accounts and sessions: what clients send about them, and the answers. */
import { z } from "zod";
import { AUTH_ERROR_CODES } from "../wire/auth_error_codes.ts";
import type * as wire from "../wire/auth.ts";
import { MAX_EMAIL_LENGTH } from "../wire/limits.ts";
import { AvatarUrl, DisplayName, Email, isLocalHttpUrl, Password, Time } from "./fields.ts";
import { User } from "./users.ts";

export const Registration = z.object({
  email: Email,
  password: Password,
  displayName: DisplayName,
}).meta({ id: "Registration" });

// No rule for the password here: an invalid one is a wrong one.
export const Login = z.object({
  email: z.string().trim().toLowerCase().max(MAX_EMAIL_LENGTH),
  password: z.string(),
})
  .meta({ id: "Login", example: { email: "ada@example.com", password: "correct horse" } });

/** @param production whether an avatar on the developer's own machine is refused */
export function profileChanges(production: boolean) {
  const url = production
    ? AvatarUrl.refine((text) => !isLocalHttpUrl(text), "must be an https URL")
    : AvatarUrl;
  return z.object({
    displayName: DisplayName.optional(),
    avatarUrl: url.nullable().optional(),
    onboardingCompleted: z.boolean().optional(),
  }).meta({ id: "ProfileChanges" });
}

export const SignedIn = z.object({
  user: User,
  accessToken: z.string(),
  expiresIn: z.int().meta({ description: "seconds" }),
}).meta({ id: "SignedIn" }) satisfies z.ZodType<wire.SignedIn>;

export const UserAnswer = z.object({ user: User });

export const AUTH_CLIENT_EVENTS = {
  "auth:identify": z.object({ token: z.string().meta({ examples: ["eyJhbGciOiJIUzI1NiJ9…"] }) })
    .meta({ description: "The first frame; sent again on a live socket it renews the token." }),
} as const;

const ServerLimits = z.object({
  frameBytes: z.int(),
  textLength: z.int(),
  roomsPerSocket: z.int(),
  messages: z.object({ points: z.int(), seconds: z.int() }),
}) satisfies z.ZodType<wire.ServerLimits>;

export const AUTH_SERVER_EVENTS = {
  "auth:ok": z.object({
    user: User,
    expiresAt: Time,
    limits: ServerLimits,
    account: z.object({ lastSeq: z.int().min(0) }),
    signsUploads: z.boolean().optional().meta({
      description: "whether POST /files with JSON signs uploads to the store of files",
    }),
  })
    .meta({ description: "The socket is identified until expiresAt." }),
  "auth:error": z.object({
    code: z.enum(AUTH_ERROR_CODES),
    message: z.string(),
  }).meta({
    description:
      "The token is refused: the socket closes with 4401, after 30 s if the token has just expired.",
  }),
} as const;
