/** Deletes files that nobody gets any more, with their bytes. */
import { keyPrefix, uploadKey } from "../../domain/blob_key.ts";
import { ChatError } from "../../domain/errors.ts";
import { type File, thumbnailKey } from "../../domain/file.ts";
import type { Dependencies } from "../dependencies.ts";

/** Files that one run looks at, and so often. */
const PAGE = 50;
const MAX_PAGES = 20;
/** What an instance could not delete by then is left to others. */
const LEASE_MS = 60_000;
/** More copies than crashes leave of one file. */
const MAX_COPIES = 1_000;

type CollectDependencies = Pick<Dependencies, "store" | "blobs">;

/**
 * Deletes what is due. To be called from time to time, on any number of instances at once, and after
 * what deletes messages with files.
 * @throws ChatError `unavailable`, for the first file that could not be deleted once all others are
 */
export async function collectFiles({ store, blobs }: CollectDependencies): Promise<void> {
  let failure: ChatError | undefined;
  for (let i = 0; i < MAX_PAGES; i++) {
    const now = new Date();
    const files = await store.files.collect(now, leaseEnd(now), PAGE);
    if (files.length === 0) break;
    for (const file of files) {
      // It must not keep those after it from being deleted.
      await eraseFile({ store, blobs }, file).catch((error) => {
        if (!(error instanceof ChatError)) throw error;
        failure ??= error;
      });
    }
  }
  if (failure) throw failure;
}

/** Until when what is marked as deleted at this time is left to the instance that marked it. */
export function leaseEnd(now: Date): Date {
  return new Date(now.getTime() + LEASE_MS);
}

/** Deletes a file that is marked as deleted. */
export async function eraseFile(
  { store, blobs }: CollectDependencies,
  file: File,
): Promise<void> {
  await eraseBlobs({ blobs }, file);
  if (blobs.presigner) await eraseUpload({ blobs }, file);
  await store.files.remove(file.id);
}

/** Deletes what a client has sent itself, and copies of it that a crash has left. */
async function eraseUpload(
  { blobs }: Pick<Dependencies, "blobs">,
  { id, blobKey }: File,
): Promise<void> {
  await blobs.delete(uploadKey(id));
  for (const { key } of await blobs.list(keyPrefix(blobKey), "", MAX_COPIES)) {
    await blobs.delete(key);
  }
}

/** Deletes the bytes at a file's key, and its thumbnail. */
export async function eraseBlobs(
  { blobs }: Pick<Dependencies, "blobs">,
  { blobKey }: Pick<File, "blobKey">,
): Promise<void> {
  await blobs.delete(thumbnailKey(blobKey));
  await blobs.delete(blobKey);
}
