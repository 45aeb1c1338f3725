/** Changes the profile of the user who asks. */
import type { Actor } from "../../domain/actor.ts";
import { type ProfileChanges, publicUser, type User } from "../../domain/user.ts";
import type { Services } from "../../services/services.ts";
import { existing } from "./get_user.ts";

/**
 * Changes the given fields of one's own profile and notifies all instances.
 * @throws ChatError `unauthenticated` if the account no longer exists
 */
export async function changeProfile(
  { userId }: Actor,
  { accountLog, store, bus }: Pick<Services, "accountLog" | "store" | "bus">,
  changes: ProfileChanges,
): Promise<User> {
  const user = existing(await store.users.update(userId, changes, new Date()));
  bus.publish({ kind: "profile_changed", user: publicUser(user) });
  accountLog.changed([userId]);
  return user;
}
