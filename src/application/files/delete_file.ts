/** Deletes a file that is in no message. */
import type { Actor } from "../../domain/actor.ts";
import { ChatError, fileNotFound } from "../../domain/errors.ts";
import { isGone } from "../../domain/file.ts";
import type { Dependencies } from "../dependencies.ts";
import { eraseFile, leaseEnd } from "./collect_files.ts";
import { findFile } from "./find_file.ts";

/**
 * Deletes one's own file, also while it is being uploaded.
 * @throws ChatError `file_not_found`, also of another's, `file_in_use` if it is in a message or in one
 *   that is being sent, `unavailable`
 */
export async function deleteFile(
  actor: Actor,
  { store, blobs, access }: Pick<Dependencies, "store" | "blobs" | "access">,
  id: string,
): Promise<void> {
  const file = await store.files.find(id);
  if (file?.ownerId !== actor.userId || isGone(file)) throw fileNotFound();
  // With its room it is gone.
  if (file.state === "attached") await findFile(actor, { store, access }, id);
  const now = new Date();
  const discarded = await store.files.discard(id, now, leaseEnd(now));
  if (!discarded) throw new ChatError("file_in_use", "The file is in a message.");
  // Nobody gets it any more; its bytes may be deleted later.
  await eraseFile({ store, blobs }, discarded).catch(() => {});
}
