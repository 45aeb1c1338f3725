/** `/auth/me/avatar` and `/avatars`: the pictures of people that this server keeps. */
import { type Context, Hono } from "hono";
import { describeRoute } from "hono-openapi";
import { z } from "zod";
import { changeProfile } from "../application/accounts/change_profile.ts";
import { setAvatar } from "../application/accounts/set_avatar.ts";
import { avatarKey, avatarPath } from "../domain/avatar.ts";
import { ChatError, unavailable } from "../domain/errors.ts";
import { UserAnswer } from "../protocol/schemas/auth.ts";
import { presentUser } from "../protocol/schemas/users.ts";
import { MAX_AVATAR_BYTES } from "../protocol/wire/limits.ts";
import { SMALL_TYPE } from "../services/files/images.ts";
import { UploadSlots } from "../services/files/upload_slots.ts";
import type { Services } from "../services/services.ts";
import { AUTH, BEARER, describedAs, json, problems, PUBLIC } from "./answers.ts";
import type { Env } from "./context.ts";
import { answerFile, fileResponses } from "./file_answers.ts";
import { consume, requireUser } from "./guards.ts";
import { type BodyLimit, path, readBody } from "./input.ts";

const describe = describedAs("auth");

/** Pictures that are held at once until they are small, of one user and in all; one more is refused. */
export const MAX_HELD = { user: 4, all: 16 } as const;
const PICTURE: BodyLimit = {
  bytes: MAX_AVATAR_BYTES,
  milliseconds: 60_000,
  tooLarge: ["file_too_large", "A picture for an avatar may have at most 10 MiB."],
  incomplete: "validation_failed",
};
const FOR_EVER = "public, max-age=31536000, immutable";
const AvatarPath = z.object({ avatarId: z.string() });

export function avatarRoutes(services: Services, isDraining: () => boolean) {
  const signedIn = requireUser(services);
  const slots = new UploadSlots(MAX_HELD.user);
  let held = 0;

  return new Hono<Env>()
    .put(
      "/auth/me/avatar",
      describeRoute({
        tags: ["auth"],
        summary: "Make a picture the own avatar: its middle as a square, without metadata",
        security: BEARER,
        requestBody: {
          required: true,
          content: { "image/*": { schema: { type: "string", format: "binary" } } },
        },
        responses: {
          200: json(UserAnswer, "The user; `avatarUrl` is a path on this server"),
          ...problems("validation_failed", "file_too_large", "unsupported_media_type", ...AUTH),
        },
      }),
      signedIn,
      async (c) => {
        const actor = c.get("actor");
        await consume(c, services, "avatar", actor.userId);
        using _slot = slots.take(actor.userId);
        if (held >= MAX_HELD.all) {
          throw unavailable("Too many pictures at once; try again in a moment.");
        }
        held++;
        try {
          const user = await setAvatar(
            actor,
            services,
            await readBody(c.req.raw, isDraining, PICTURE),
          );
          return c.json({ user: presentUser(user) }, 200);
        } finally {
          held--;
        }
      },
    )
    .delete(
      "/auth/me/avatar",
      describe("Delete the own avatar", {
        200: json(UserAnswer, "The user; `avatarUrl` is null"),
        ...problems(...AUTH),
      }),
      signedIn,
      async (c) => {
        const user = await changeProfile(c.get("actor"), services, { avatarUrl: null });
        return c.json({ user: presentUser(user) }, 200);
      },
    )
    .get(
      "/avatars/:avatarId",
      describeRoute({
        tags: ["users"],
        summary: "An avatar, for everybody; another picture has another path",
        security: PUBLIC,
        responses: {
          ...fileResponses("The picture", SMALL_TYPE),
          ...problems("not_found"),
        },
      }),
      path(AvatarPath),
      async (c) => {
        const { avatarId } = c.req.valid("param");
        const answer = await answerAvatar(c, services, avatarId);
        c.set("isUpload", true);
        return answer;
      },
    );
}

/** @throws ChatError `not_found`, `unavailable` */
async function answerAvatar(
  c: Context<Env>,
  { blobs }: Pick<Services, "blobs">,
  id: string,
): Promise<Response> {
  const key = avatarKey(avatarPath(id));
  // Its size is in no database.
  const stored = key && await blobs.stat(key);
  const answer = stored && await answerFile(c, blobs, {
    ...stored,
    type: SMALL_TYPE,
    etag: `"${id}"`,
    cacheControl: FOR_EVER,
  });
  if (!answer) throw avatarNotFound();
  return answer;
}

function avatarNotFound(): ChatError {
  return new ChatError("not_found", "There is no such avatar.");
}
