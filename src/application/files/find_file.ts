/** Finds a file, for who may read it now. */
import type { Actor } from "../../domain/actor.ts";
import { ChatError } from "../../domain/errors.ts";
import type { File } from "../../domain/file.ts";
import type { Dependencies } from "../dependencies.ts";

/**
 * A file that is in no message is its uploader's alone; one that is, is for whoever may read its room
 * now, wherever it was decided that they may. Nothing tells a file that one may not read from none.
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
  await access.confirm(actor, { roomId: file.roomId }).catch((error) => {
    if (error instanceof ChatError && error.code !== "unavailable") throw fileNotFound();
    throw error;
  });
  return file;
}

/** There is no such file, or the actor may not read it. */
export function fileNotFound(): ChatError {
  return new ChatError("file_not_found", "There is no such file.");
}
