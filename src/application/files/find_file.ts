/** Finds a file, for who may read it now. */
import type { Actor } from "../../domain/actor.ts";
import { ChatError } from "../../domain/errors.ts";
import type { File } from "../../domain/file.ts";
import type { Dependencies } from "../dependencies.ts";

/**
 * A file that is in no message is its uploader's alone; one that is, is also for whoever may read its
 * room now, wherever it was decided that they may. Nothing tells a file that one may not read from
 * none.
 * @throws ChatError `file_not_found`, `unavailable`
 */
export async function findFile(
  actor: Actor,
  { store, access }: Pick<Dependencies, "store" | "access">,
  id: string,
): Promise<File> {
  const file = await store.files.find(id);
  if (file?.state === "ready" && file.ownerId === actor.userId) return file;
  if (file?.state !== "attached" || file.roomId === null) throw fileNotFound();
  const { roomId } = file;
  await access.confirm(actor, { roomId }).catch(async (error) => {
    if (!(error instanceof ChatError) || error.code === "unavailable") throw error;
    // Its uploader reads it as long as it exists, which is as long as its room does.
    const isOwn = file.ownerId === actor.userId;
    if (!isOwn || await store.rooms.describe(roomId) === null) throw fileNotFound();
  });
  return file;
}

/** There is no such file, or the actor may not read it. */
export function fileNotFound(): ChatError {
  return new ChatError("file_not_found", "There is no such file.");
}
