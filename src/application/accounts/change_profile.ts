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
  if (changes.avatarUrl === undefined) return await update(actor, services, changes);
  const { avatarUrl } = await getUser(actor, services);
  if (avatarKey(changes.avatarUrl) !== null && changes.avatarUrl !== avatarUrl) {
    const fault = { path: "avatarUrl", message: "must be an https URL; send bytes as a PUT" };
    throw new ChatError("validation_failed", "The avatar is not your own.", { faults: [fault] });
  }
  return await replaceAvatar(actor, services, changes, avatarUrl);
}

/**
 * Changes the profile, and deletes the avatar that it had.
 * @param avatarUrl what it had until now
 */
export async function replaceAvatar(
  actor: Actor,
  services: Needs,
  changes: ProfileChanges,
  avatarUrl: string | null,
): Promise<User> {
  const user = await update(actor, services, changes);
  const key = user.avatarUrl === avatarUrl ? null : avatarKey(avatarUrl);
  if (key) await deleteAvatar(services, key);
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

async function update(
  { userId }: Actor,
  { accountLog, store, bus }: Needs,
  changes: ProfileChanges,
): Promise<User> {
  const user = existing(await store.users.update(userId, changes, new Date()));
  bus.publish({ kind: "profile_changed", user: publicUser(user) });
  accountLog.changed([userId]);
  return user;
}
