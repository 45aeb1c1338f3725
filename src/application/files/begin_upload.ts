/** Reserves a file whose bytes its uploader sends to the blob store, and not to this server. */
import type { Actor } from "../../domain/actor.ts";
import { uploadKey } from "../../domain/blob_key.ts";
import { ChatError } from "../../domain/errors.ts";
import type { File } from "../../domain/file.ts";
import type { PresignedUpload } from "../../ports/blobs.ts";
import type { Dependencies } from "../dependencies.ts";
import { checkSize, reserveFile } from "./upload_file.ts";

export interface AnnouncedFile {
  name: string;
  type: string;
  /** In bytes; exact. */
  size: number;
}

/**
 * Reserves a file, and signs the one request with which its bytes may be sent.
 * @throws ChatError `unsupported_media_type` where the blob store takes none from clients,
 *   `file_too_large`, `quota_exceeded`, `unavailable`
 */
export async function beginUpload(
  actor: Actor,
  { store, blobs, fileLimits }: Pick<Dependencies, "store" | "blobs" | "fileLimits">,
  { name, type, size }: AnnouncedFile,
): Promise<{ file: File; upload: PresignedUpload }> {
  if (!blobs.presigner) {
    throw new ChatError(
      "unsupported_media_type",
      "This server takes the bytes of files itself: send them as the body, and the name as ?name=.",
    );
  }
  checkSize(size, fileLimits);
  const file = await reserveFile(actor, { store, fileLimits }, { name, type, declaredSize: size });
  const upload = await blobs.presigner.presign(uploadKey(file.id), { size, type });
  return { file, upload };
}
