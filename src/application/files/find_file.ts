/** Finds a file, for who may read it now. */
import type { Actor } from "../../domain/actor.ts";
import { fileNotFound } from "../../domain/errors.ts";
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
  const { ownerId, roomId } = file;
  if (await access.mayRead(actor, { roomId })) return file;
  // Its uploader reads it as long as it exists, which is as long as its room does.
  const isThere = ownerId === actor.userId && await store.rooms.describe(roomId) !== null;
  if (!isThere) throw fileNotFound();
  return file;
}
