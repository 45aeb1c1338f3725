/** Gives the user who asks an avatar that this server keeps. */
import type { Actor } from "../../domain/actor.ts";
import { avatarPath } from "../../domain/avatar.ts";
import { newBlobKey } from "../../domain/blob_key.ts";
import { hasCode } from "../../domain/errors.ts";
import type { User } from "../../domain/user.ts";
import { SMALL_TYPE } from "../../services/files/images.ts";
import type { Services } from "../../services/services.ts";
import { deleteAvatar, updateProfile } from "./change_profile.ts";

/**
 * Makes a picture the user's avatar, in the place of the one that they had.
 * @param picture in any type that `Images` reads
 * @throws ChatError what `Images.avatar` throws; `unauthenticated` if the account no longer exists
 */
export async function setAvatar(
  actor: Actor,
  services: Pick<Services, "accountLog" | "blobs" | "bus" | "images" | "store">,
  picture: Uint8Array,
): Promise<User> {
  const bytes = await services.images.avatar(actor.userId, picture);
  const key = newBlobKey("avatars");
  await services.blobs.put(key, ReadableStream.from([bytes]), SMALL_TYPE);
  try {
    return await updateProfile(actor, services, { avatarUrl: avatarPath(key) });
  } catch (error) {
    // Of another error it is not known whether the profile has it now.
    if (hasCode(error, "unauthenticated")) await deleteAvatar(services, key);
    throw error;
  }
}
