/** Completes the deletions of banned users' messages that instances which died have left. */
import type { BulkDeletion } from "../../domain/bulk_deletion.ts";
import { type ChatError, hasCode, isRefusal } from "../../domain/errors.ts";
import { isInForce } from "../../domain/restriction.ts";
import type { Dependencies } from "../dependencies.ts";
import { deleteRecent, leaseEnd } from "./delete_recent.ts";

/** Deletions that one run completes. */
const AT_ONCE = 20;
/** By then an append has succeeded or failed, whatever has become of who began it. */
const UNDECIDED_MS = 60_000;
/** What still fails then is given up. */
const MAX_AGE_MS = 60 * 60_000;

type ResumeDependencies = Pick<Dependencies, "store" | "log" | "publicUsers" | "admins">;

/**
 * To be called from time to time, on any number of instances at once.
 * @throws ChatError `unavailable`, for the first that could not be completed once all others are
 */
export async function resumeDeletions(dependencies: ResumeDependencies): Promise<void> {
  const { bulkDeletions } = dependencies.store;
  const now = new Date();
  let failure: ChatError | undefined;
  for (const deletion of await bulkDeletions.due(now, AT_ONCE)) {
    if (!await bulkDeletions.claim(deletion.id, now, leaseEnd())) continue;
    try {
      await resume(dependencies, deletion);
    } catch (error) {
      // It must not keep those after it from being completed.
      if (hasCode(error, "unavailable")) failure ??= error;
      // What is refused is not tried again.
      else if (!isRefusal(error)) throw error;
    }
  }
  if (failure) throw failure;
}

async function resume(
  { store, log, publicUsers, admins }: ResumeDependencies,
  deletion: BulkDeletion,
): Promise<void> {
  const { id, actorId, createdAt } = deletion;
  const age = Date.now() - createdAt.getTime();
  const [user] = await publicUsers.find([actorId]);
  if (age > MAX_AGE_MS || !user) return await store.bulkDeletions.remove(id);
  if (!await isBanned({ store }, deletion)) {
    if (age > UNDECIDED_MS) await store.bulkDeletions.remove(id);
    return;
  }
  const actor = { userId: actorId, sessionId: "", user, isAdmin: await admins.has(actorId) };
  await deleteRecent(actor, { store, log }, deletion);
}

/** Whether the log has the ban's entry; one that changed nothing has none. */
async function isBanned(
  { store }: Pick<Dependencies, "store">,
  { id, roomId, userId, actorId }: BulkDeletion,
): Promise<boolean> {
  const sent = await store.log.findSent(roomId, [{ senderId: actorId, clientMessageId: id }]);
  if (sent.length > 0) return true;
  const room = await store.members.standings(roomId, [userId]);
  return isInForce(room?.standings.get(userId)?.ban ?? null, new Date());
}
