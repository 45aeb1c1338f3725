/** Bans a user from a room, and deletes what they have written lately. */
import type { Participant } from "../../domain/actor.ts";
import type { BulkDeletion } from "../../domain/bulk_deletion.ts";
import { isRefusal } from "../../domain/errors.ts";
import { newId } from "../../domain/id.ts";
import type { Restriction } from "../../domain/restriction.ts";
import type { Dependencies } from "../dependencies.ts";
import { collectFiles } from "../files/collect_files.ts";
import type { ModerationDependencies } from "../members/target.ts";
import { deleteRecent, leaseEnd } from "./delete_recent.ts";
import { restrictMember } from "./restrict_member.ts";

export interface Ban extends Restriction {
  /** Id or slug. */
  room: string;
  userId: string;
  /** Of the last so many seconds their messages are deleted; 0 for none. */
  deleteSeconds: number;
}

/**
 * Bans a user, which ends their membership: nothing of theirs comes after the entry in the log, and
 * nothing after it goes to them. Resolves once their recent messages are deleted as well; if this
 * process dies before, another instance, or its next start, deletes the rest.
 * @throws ChatError as `announce`; `forbidden`
 */
export async function banMember(
  actor: Participant,
  dependencies: ModerationDependencies & Pick<Dependencies, "log" | "blobs">,
  { room, userId, deleteSeconds, ...restriction }: Ban,
): Promise<void> {
  const ban = { kind: "ban", room, userId, restriction } as const;
  if (deleteSeconds === 0) return void await restrictMember(actor, dependencies, ban);
  const { access, store: { bulkDeletions } } = dependencies;
  const { roomId } = await access.find(actor, room);
  const deletion = newDeletion({ roomId, userId, actorId: actor.userId }, deleteSeconds);
  // Before the ban: what it asks for is known from its entry on.
  await bulkDeletions.add(deletion, leaseEnd());
  try {
    await restrictMember(actor, dependencies, { ...ban, clientMessageId: deletion.id });
  } catch (error) {
    // After `unavailable` they may be banned.
    if (isRefusal(error)) await bulkDeletions.remove(deletion.id);
    throw error;
  }
  await deleteRecent(actor, dependencies, deletion);
  // What fails here is done by the job that does so from time to time.
  void collectFiles(dependencies).catch(() => {});
}

function newDeletion(
  ids: Pick<BulkDeletion, "roomId" | "userId" | "actorId">,
  seconds: number,
): BulkDeletion {
  const createdAt = new Date();
  return { id: newId(), ...ids, since: new Date(createdAt.getTime() - seconds * 1_000), createdAt };
}
