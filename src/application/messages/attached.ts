/** The files of a message that is being sent. */
import { ChatError, isRefusal } from "../../domain/errors.ts";
import { type Attachment, attachmentOf, type FileRefusal } from "../../domain/file.ts";
import type { FileClaim } from "../../ports/store/files.ts";
import type { Result } from "../../services/decision.ts";
import type { Dependencies } from "../dependencies.ts";

type AttachDependencies = Pick<Dependencies, "store">;

const REFUSALS: Record<FileRefusal, string> = {
  file_not_found: "You have no such file.",
  file_not_ready: "The file's upload is not complete.",
  file_in_use: "The file is in another room.",
};

/**
 * Makes sure of the files of a message that is about to be appended: until it is, they are not deleted,
 * and are in no other room.
 * @returns what the message shows of them
 * @throws ChatError `file_not_found`, `file_not_ready`, `file_in_use`, `unavailable`
 */
export async function claimFiles(
  { store }: AttachDependencies,
  ids: readonly string[],
  message: Omit<FileClaim, "at">,
): Promise<Attachment[]> {
  const outcome = await store.files.claim(ids, { ...message, at: new Date() });
  if ("files" in outcome) return outcome.files.map(attachmentOf);
  const isGone = outcome.refusal === "file_in_use" && await isAnyGone({ store }, ids);
  const refusal = isGone ? "file_not_found" : outcome.refusal;
  throw new ChatError(refusal, REFUSALS[refusal]);
}

/** Whether the room of any of these files is deleted: then so is the file, though its bytes may be there. */
async function isAnyGone({ store }: AttachDependencies, ids: readonly string[]): Promise<boolean> {
  for (const id of ids) {
    const roomId = (await store.files.find(id))?.roomId;
    if (roomId && await store.rooms.describe(roomId) === null) return true;
  }
  return false;
}

/**
 * Gives the files up if the message turns out not to be appended, before the caller learns of it: what
 * is refused can be sent elsewhere at once. If that fails, or the outcome stays unknown, the files are
 * free by themselves after a minute.
 * @returns settles as `result`
 */
export async function releaseUnlessAppended(
  result: Promise<Result>,
  { store }: AttachDependencies,
  ids: readonly string[],
  messageId: string,
): Promise<Result> {
  const release = () => store.files.release(ids, messageId).catch(() => {});
  try {
    const done = await result;
    if ("entry" in done && done.entry.message.id !== messageId) await release();
    return done;
  } catch (error) {
    if (isRefusal(error)) await release();
    throw error;
  }
}
