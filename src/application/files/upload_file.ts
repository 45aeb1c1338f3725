/** Takes the bytes of a file, and keeps what is accepted of them. */
import type { Actor } from "../../domain/actor.ts";
import { newBlobKey } from "../../domain/blob_key.ts";
import { DraftFile } from "../../disk/draft_file.ts";
import { unavailable } from "../../domain/errors.ts";
import {
  type File,
  type FileContent,
  MIN_QUOTA_BYTES,
  thumbnailKey,
  UNATTACHED_MS,
  UPLOAD_MS,
} from "../../domain/file.ts";
import { newId } from "../../domain/id.ts";
import { cleanFileName } from "../../services/files/file_names.ts";
import { detectType, isImage } from "../../services/files/file_types.ts";
import { SMALL_TYPE } from "../../services/files/images.ts";
import { receive, tooLarge } from "../../services/files/incoming.ts";
import type { Dependencies } from "../dependencies.ts";
import { eraseBlobs, eraseFile } from "./collect_files.ts";
import { quotaExceeded, Reservation } from "./reservation.ts";

export type UploadDependencies = Pick<
  Dependencies,
  "store" | "blobs" | "images" | "fileLimits" | "uploadSlots"
>;

/** How many times `MAX_FILE_SIZE` a picture may have after it is written again. */
const MAX_GROWTH = 2;

export interface Upload {
  /** As it was sent. */
  name: string;
  /** The media type that its sender says it has. */
  declaredType: string | null;
  /** Bytes that it is said to have; 0 if that is not said. */
  declaredSize: number;
  /** Read to its end, or cancelled. */
  bytes: ReadableStream<Uint8Array>;
}

/**
 * Stores a file. What it is said to have is reserved in the owner's quota before the first byte is
 * read, what is beyond as it comes; what is refused or breaks off leaves nothing.
 * @throws ChatError `rate_limited` for too many at once, `file_too_large`, `quota_exceeded`,
 *   `unsupported_media_type`, `validation_failed` if it breaks off, `unavailable`
 */
export async function uploadFile(
  actor: Actor,
  dependencies: UploadDependencies,
  { name, declaredType, declaredSize, bytes }: Upload,
): Promise<File> {
  try {
    using _slot = dependencies.uploadSlots.take(actor.userId);
    const file = await reserveFile(actor, dependencies, { name, declaredSize });
    return await keepFile(dependencies, file, declaredType, bytes);
  } catch (error) {
    await cancel(bytes, error);
    throw error;
  }
}

interface Announced extends Pick<Upload, "name" | "declaredSize"> {
  /** The media type that it is said to have, where that is asked for later. */
  type?: string;
}

/**
 * Adds a file that is being uploaded, with room for as many bytes as it is said to have.
 * @throws ChatError `quota_exceeded`, `unavailable`
 */
export async function reserveFile(
  { userId }: Actor,
  { store, fileLimits }: Pick<Dependencies, "store" | "fileLimits">,
  { name, declaredSize, type = "application/octet-stream" }: Announced,
): Promise<File> {
  const size = Math.min(declaredSize, fileLimits.maxFileSize);
  const createdAt = new Date();
  const file: File = {
    id: newId(),
    ownerId: userId,
    state: "uploading",
    name: cleanFileName(name),
    type,
    size: 0,
    width: null,
    height: null,
    hasThumbnail: false,
    quotaBytes: Math.max(size, MIN_QUOTA_BYTES),
    blobKey: newBlobKey("files"),
    roomId: null,
    createdAt,
  };
  const dueAt = new Date(createdAt.getTime() + UPLOAD_MS);
  if (await store.files.create(file, fileLimits.maxFilesPerUser, dueAt)) return file;
  throw quotaExceeded();
}

/**
 * Stores the bytes of a file that was reserved; if that fails, the file is gone.
 * @throws ChatError `file_too_large`, `unsupported_media_type`, `validation_failed`, `unavailable`
 */
async function keepFile(
  dependencies: Omit<UploadDependencies, "uploadSlots">,
  file: File,
  declaredType: string | null,
  bytes: ReadableStream<Uint8Array>,
): Promise<File> {
  try {
    const reservation = new Reservation(dependencies, file);
    const { maxFileSize } = dependencies.fileLimits;
    const { head, all } = await receive(bytes, maxFileSize, (size) => reservation.cover(size));
    const stored = await storeBytes(dependencies, file, head, declaredType, all).catch(
      async (error) => {
        await cancel(all, error);
        // Whoever collected the file meanwhile did not see all of it.
        await eraseBlobs(dependencies, file).catch(() => {});
        throw error;
      },
    );
    return await finishFile(dependencies, file, stored);
  } catch (error) {
    await abandonFile(dependencies, file);
    throw error;
  }
}

/**
 * Makes a file ready whose bytes are stored. If another request has, or it is not there any more, the
 * bytes at its key are deleted.
 * @throws ChatError `unavailable`, also if it is not there any more; whether it is ready is then open
 */
export async function finishFile(
  { store, blobs }: Pick<Dependencies, "store" | "blobs">,
  file: File,
  stored: FileContent,
): Promise<File> {
  const content = { ...stored, quotaBytes: Math.max(stored.quotaBytes, MIN_QUOTA_BYTES) };
  const dueAt = new Date(Date.now() + UNATTACHED_MS);
  if (await store.files.complete(file.id, content, dueAt)) {
    return { ...file, ...content, state: "ready" };
  }
  await eraseBlobs({ blobs }, file).catch(() => {});
  const present = await store.files.find(file.id);
  if (present?.state === "ready" || present?.state === "attached") return present;
  throw unavailable("The upload took too long; try again.");
}

async function storeBytes(
  dependencies: Omit<UploadDependencies, "uploadSlots">,
  file: File,
  head: Uint8Array,
  declaredType: string | null,
  all: ReadableStream<Uint8Array>,
): Promise<FileContent> {
  const type = await detectType(head, declaredType, file.name);
  if (isImage(type)) return await storeImage(dependencies, file, type, all);
  const { blobKey } = file;
  const size = await dependencies.blobs.put(blobKey, all, type);
  return plainContent({ type, size, blobKey });
}

/** Of what is no picture. */
export function plainContent(content: Pick<FileContent, "type" | "size" | "blobKey">): FileContent {
  return { ...content, width: null, height: null, hasThumbnail: false, quotaBytes: content.size };
}

/**
 * Stores what is kept of a picture, and its thumbnail: that may be more than what was sent.
 * @throws ChatError `file_too_large`, `quota_exceeded`, `unsupported_media_type`, `unavailable`
 */
export async function storeImage(
  { store, blobs, images, fileLimits }: Omit<UploadDependencies, "uploadSlots">,
  { id, ownerId, blobKey, quotaBytes: reserved }: File,
  type: string,
  all: ReadableStream<Uint8Array>,
): Promise<FileContent> {
  await using draft = await DraftFile.of(all);
  const { maxFileSize } = fileLimits;
  const read = () => draft.read();
  return await images.clean(ownerId, type, maxFileSize, read, async ({ thumbnail, ...image }) => {
    const { width, height, bytes } = image;
    if (bytes.length > maxFileSize * MAX_GROWTH) throw tooLarge(maxFileSize);
    const quotaBytes = bytes.length + (thumbnail?.length ?? 0);
    const fits = quotaBytes <= reserved ||
      await store.files.reserve(id, quotaBytes, fileLimits.maxFilesPerUser);
    if (!fits) throw quotaExceeded();
    const size = await blobs.put(blobKey, ReadableStream.from([bytes]), type);
    if (thumbnail) {
      await blobs.put(thumbnailKey(blobKey), ReadableStream.from([thumbnail]), SMALL_TYPE);
    }
    return { type, size, width, height, hasThumbnail: thumbnail !== null, quotaBytes, blobKey };
  });
}

/** Gives a file up unless it is ready. What fails here is done when the upload is due. */
export async function abandonFile(
  { store, blobs }: Pick<Dependencies, "store" | "blobs">,
  { id }: File,
): Promise<void> {
  const aborted = await store.files.abort(id, new Date()).catch(() => null);
  if (aborted) await eraseFile({ store, blobs }, aborted).catch(() => {});
}

/** Tells the sender that nothing more is read. */
async function cancel(bytes: ReadableStream<Uint8Array>, reason: unknown): Promise<void> {
  if (!bytes.locked) await bytes.cancel(reason).catch(() => {});
}

/** @throws ChatError `file_too_large` */
export function checkSize(size: number, { maxFileSize }: Dependencies["fileLimits"]): void {
  if (size > maxFileSize) throw tooLarge(maxFileSize);
}
