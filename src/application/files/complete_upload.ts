/** Checks the bytes that a client has sent to the blob store, and keeps what is accepted of them. */
import type { Actor } from "../../domain/actor.ts";
import { newCopyKey, uploadKey } from "../../domain/blob_key.ts";
import { ChatError, type ErrorCode, fileNotFound, hasCode } from "../../domain/errors.ts";
import { type File, type FileContent, isGone } from "../../domain/file.ts";
import { detectType, HEAD_BYTES, isImage } from "../../services/files/file_types.ts";
import { tooLarge } from "../../services/files/incoming.ts";
import type { Dependencies } from "../dependencies.ts";
import { eraseBlobs } from "./collect_files.ts";
import {
  abandonFile,
  finishFile,
  plainContent,
  storeImage,
  type UploadDependencies,
} from "./upload_file.ts";

const REFUSALS: readonly ErrorCode[] = [
  "unsupported_media_type",
  "file_too_large",
  "quota_exceeded",
];

/**
 * Completes an upload that `beginUpload` has begun; a repeat is answered as the first time. What is
 * checked is a copy that no signed request can write, and no other request to complete it: one of them
 * becomes the file. A refused file is gone; after `unavailable` the same request may succeed.
 * @throws ChatError `file_not_found`, also of another's, `file_not_ready` while its bytes are not
 *   there, `unsupported_media_type`, `file_too_large`, `quota_exceeded`, `rate_limited`, `unavailable`
 */
export async function completeUpload(
  actor: Actor,
  dependencies: UploadDependencies,
  id: string,
): Promise<File> {
  const { store, blobs, uploadSlots } = dependencies;
  const file = await store.files.find(id);
  if (file?.ownerId !== actor.userId || isGone(file)) throw fileNotFound();
  if (file.state !== "uploading") return file;
  using _slot = uploadSlots.take(actor.userId);
  const source = uploadKey(id);
  const copy = { ...file, blobKey: newCopyKey(file.blobKey) };
  if (!blobs.presigner || !await blobs.copy(source, copy.blobKey)) {
    return await completedMeanwhile(dependencies, id);
  }
  const content = await check(dependencies, copy).catch(async (error) => {
    await eraseBlobs(dependencies, copy).catch(() => {});
    if (isFinal(error)) await abandonFile(dependencies, file);
    throw error;
  });
  const ready = await finishFile(dependencies, copy, content);
  await blobs.delete(source);
  return ready;
}

/** Another request may have completed the file, and removed what it was made of. */
async function completedMeanwhile(
  { store }: Pick<Dependencies, "store">,
  id: string,
): Promise<File> {
  const file = await store.files.find(id);
  if (file?.state === "ready" || file?.state === "attached") return file;
  throw new ChatError("file_not_ready", "The file's bytes have not been sent yet.");
}

async function check(
  dependencies: UploadDependencies,
  file: File,
): Promise<FileContent> {
  const { blobs, fileLimits } = dependencies;
  const { blobKey } = file;
  const size = (await blobs.stat(blobKey))?.size ?? 0;
  // The signature is for an exact size, but not every service may check it.
  if (size > file.quotaBytes || size > fileLimits.maxFileSize) {
    throw tooLarge(Math.min(file.quotaBytes, fileLimits.maxFileSize));
  }
  const head = await readBlob(blobs, blobKey, Math.min(size, HEAD_BYTES));
  const type = await detectType(head, file.type, file.name);
  if (isImage(type)) {
    return await storeImage(dependencies, file, type, await openBlob(blobs, blobKey));
  }
  return plainContent({ type, size, blobKey });
}

/** The first `length` bytes of a blob. */
async function readBlob(
  blobs: Dependencies["blobs"],
  key: string,
  length: number,
): Promise<Uint8Array> {
  if (length === 0) return new Uint8Array();
  const bytes = await blobs.get(key, { start: 0, end: length - 1 });
  return await new Response(bytes && ReadableStream.from(bytes)).bytes();
}

async function openBlob(
  blobs: Dependencies["blobs"],
  key: string,
): Promise<ReadableStream<Uint8Array>> {
  const bytes = await blobs.get(key);
  if (!bytes) throw fileNotFound();
  return ReadableStream.from(bytes);
}

/** Whether the bytes will not be accepted another time either. */
function isFinal(error: unknown): boolean {
  return hasCode(error, ...REFUSALS);
}
