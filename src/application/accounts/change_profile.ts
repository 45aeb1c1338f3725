/** Changes the profile of the user who asks. */
import { getLogger } from "@logtape/logtape";
import type { Actor } from "../../domain/actor.ts";
import { avatarKey } from "../../domain/avatar.ts";
import { ChatError } from "../../domain/errors.ts";
import { type ProfileChanges, publicUser, type User } from "../../domain/user.ts";
import type { Services } from "../../services/services.ts";
import { existing, getUser } from "./get_user.ts";

const logger = getLogger(["echoroom", "files"]);

type Needs = Pick<Services, "accountLog" | "blobs" | "bus" | "store">;

/**
 * Changes the given fields of one's own profile and notifies all instances. An avatar on this server
 * that is replaced is deleted.
 * @throws ChatError `unauthenticated` if the account no longer exists; `validation_failed` if the avatar
 *   is one on this server that the profile does not have already
 */
export async function changeProfile(
  actor: Actor,
  services: Needs,
  changes: ProfileChanges,
): Promise<User> {
  const { avatarUrl = null, ...others } = changes;
  if (avatarKey(avatarUrl) === null) return await updateProfile(actor, services, changes);
  const user = await getUser(actor, services);
  if (avatarUrl !== user.avatarUrl) {
    const fault = { path: "avatarUrl", message: "must be an https URL; send bytes as a PUT" };
    throw new ChatError("validation_failed", "The avatar is not your own.", { faults: [fault] });
  }
  // It is not written again: by now another may be in its place.
  return await updateProfile(actor, services, others);
}

/**
 * Changes the profile, and deletes the avatar on this server that was replaced.
 * @throws ChatError `unauthenticated` if the account no longer exists
 */
export async function updateProfile(
  { userId }: Actor,
  { accountLog, blobs, store, bus }: Needs,
  changes: ProfileChanges,
): Promise<User> {
  const updated = await store.users.update(userId, changes, new Date());
  const { user, previousAvatarUrl } = existing(updated);
  bus.publish({ kind: "profile_changed", user: publicUser(user) });
  accountLog.changed([userId]);
  const previous = avatarKey(previousAvatarUrl);
  if (previous && previousAvatarUrl !== user.avatarUrl) await deleteAvatar({ blobs }, previous);
  return user;
}

/** Deletes an avatar that no profile has; one that cannot be deleted now is left, and logged. */
export async function deleteAvatar(
  { blobs }: Pick<Services, "blobs">,
  key: string,
): Promise<void> {
  await blobs.delete(key).catch((error) => {
    logger.warn("The avatar {key}, which no profile has any more, was not deleted: {error}", {
      key,
      error,
    });
  });
}
