/** Finds a file, for who may read it now. */
import type { Actor } from "../../domain/actor.ts";
import { fileNotFound } from "../../domain/errors.ts";
import type { File } from "../../domain/file.ts";
import type { Dependencies } from "../dependencies.ts";
import { mayReadReports } from "../moderation/require_moderator.ts";

type FindDependencies = Pick<Dependencies, "store" | "access">;

/** A file that is, or was, in messages of a room. */
type RoomFile = File & { roomId: string };

/**
 * A file that is in no message is its uploader's alone; one that is, is also for whoever may read its
 * room now, wherever it was decided that they may. Whoever may read a report reads its files, also when
 * their messages are gone. Nothing tells a file that one may not read from none.
 * @throws ChatError `file_not_found`, `unavailable`
 */
export async function findFile(
  actor: Actor,
  dependencies: FindDependencies,
  id: string,
): Promise<File> {
  const file = await dependencies.store.files.find(id);
  if (file?.state === "ready" && file.ownerId === actor.userId) return file;
  if (!file || !isOfRoom(file)) throw fileNotFound();
  const mayRead = await mayReadMessages(actor, dependencies, file) ||
    await mayReadReport(actor, dependencies, file);
  if (!mayRead) throw fileNotFound();
  return file;
}

function isOfRoom(file: File): file is RoomFile {
  return (file.state === "attached" || file.state === "reported") && file.roomId !== null;
}

async function mayReadMessages(
  actor: Actor,
  { store, access }: FindDependencies,
  { state, ownerId, roomId }: RoomFile,
): Promise<boolean> {
  if (state !== "attached") return false;
  if (await access.mayRead(actor, { roomId })) return true;
  // Its uploader reads it as long as it exists, which is as long as its room does.
  return ownerId === actor.userId && await store.rooms.describe(roomId) !== null;
}

async function mayReadReport(
  actor: Actor,
  { store, access }: FindDependencies,
  { id, roomId }: RoomFile,
): Promise<boolean> {
  return await mayReadReports(actor, { access }, roomId) && await store.reports.haveFile(id);
}
