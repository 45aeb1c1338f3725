/** The keys under which the bytes of files are stored. */

const BYTES = 16;

/** `uploads` holds what clients write there themselves, until it is checked and copied. */
export type BlobFamily = "files" | "avatars" | "uploads";

/**
 * A key that nobody can guess (128 bits): `files/9f/1/9f1c…`. The two segments spread the keys over
 * 4,096 folders, because file systems list large ones slowly. What belongs to a blob may take its key
 * as its beginning, but not with a slash behind it: a key is no folder.
 */
export function newBlobKey(family: BlobFamily): string {
  return blobKey(family, randomId());
}

/** A key for one of several copies, each of which may become what is stored for the given key. */
export function newCopyKey(key: string): string {
  return `${keyPrefix(key)}-${randomId()}`;
}

/** What a key, those of all its copies and of what belongs to them begin with, and no others. */
export function keyPrefix(key: string): string {
  return key.split("-", 1)[0]!;
}

/** @param id the last segment of a key */
export function blobKey(family: BlobFamily, id: string): string {
  return `${family}/${id.slice(0, 2)}/${id.slice(2, 3)}/${id}`;
}

function randomId(): string {
  return crypto.getRandomValues(new Uint8Array(BYTES)).toHex();
}

/** Where a client itself writes the bytes of a file, until they are checked; it needs a signature. */
export function uploadKey(fileId: string): string {
  return blobKey("uploads", fileId);
}
