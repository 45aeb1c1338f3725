/** The bodies and queries of the REST routes, and the bodies of their answers. */
import { z } from "zod";
import { ERROR_CODES } from "../domain/errors.ts";
import {
  AvatarUrl,
  DisplayName,
  Email,
  isLocalHttpUrl,
  Password,
  RoomDescription,
  RoomName,
} from "./fields.ts";
import { Message, Room, User } from "./resources.ts";
import type * as wire from "./wire.ts";

/** The largest body of a request and the largest frame of a socket, in bytes. */
export const MAX_BODY_BYTES = 64 * 1024;

export const Registration = z.object({
  email: Email,
  password: Password,
  displayName: DisplayName,
}).meta({ id: "Registration" });

// No rule for the password here: what is no valid password is simply not the right one.
export const Login = z.object({
  email: z.string().trim().toLowerCase().max(254),
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

export const RoomCreation = z.object({
  name: RoomName,
  description: RoomDescription.nullable().optional(),
}).meta({ id: "RoomCreation" });

const Limit = z.coerce.number().int().min(1).max(100).default(50);

export const RoomsQuery = z.object({
  limit: Limit,
  cursor: z.string().max(1_024).optional().meta({ description: "`nextCursor` of the page before" }),
});

export const MessagesQuery = z.object({
  limit: Limit,
  before: z.string().min(1).max(128).optional().meta({
    description: "id of a message of this room",
  }),
  after: z.string().min(1).max(128).optional().meta({
    description: "id of a message of this room",
  }),
});

export const SignedIn = z.object({
  user: User,
  accessToken: z.string(),
  expiresIn: z.int().meta({ description: "seconds" }),
}).meta({ id: "SignedIn" }) satisfies z.ZodType<wire.SignedIn>;

export const UserAnswer = z.object({ user: User });
export const RoomAnswer = z.object({ room: Room });
export const RoomsPage = z.object({
  rooms: z.array(Room),
  nextCursor: z.string().nullable(),
}) satisfies z.ZodType<wire.RoomsPage>;
export const MessagesPage = z.object({
  messages: z.array(Message),
  hasMore: z.boolean(),
}) satisfies z.ZodType<wire.MessagesPage>;
export const Health = z.object({ status: z.literal("ok") });
export const ReadinessQuery = z.object({
  ignore: z.literal("bus").optional().meta({
    description: "what does not make the server unready: without its bus, chat is slow, not down",
  }),
});
export const Readiness = z.object({
  status: z.enum(["ok", "unavailable"]),
  checks: z.record(z.string(), z.string()),
});

/** RFC 9457, with a stable `code` and the request's id. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(ERROR_CODES),
  requestId: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
}).meta({ id: "Problem" }) satisfies z.ZodType<wire.Problem>;

export type Problem = wire.Problem;
