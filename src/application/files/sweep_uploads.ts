/** Deletes what clients have written to the blob store for uploads that have ended. */
import type { BlobFamily } from "../../domain/blob_key.ts";
import { UPLOAD_MS } from "../../domain/file.ts";
import type { Dependencies } from "../dependencies.ts";

const UPLOADS = "uploads/" satisfies `${BlobFamily}/`;
/** Blobs that one run looks at, and so often. */
const PAGE = 500;
const MAX_PAGES = 10;

/**
 * Deletes blobs that no upload can need any more: a signed request is good for some minutes, also
 * after its file was completed or deleted, and what it writes then belongs to nobody. To be called
 * from time to time, on any number of instances at once; where there is nothing, it lists once.
 * @throws ChatError `unavailable`
 */
export async function sweepUploads(
  { blobs }: Pick<Dependencies, "blobs">,
  now: Date,
): Promise<void> {
  if (!blobs.presigner) return;
  const endedBefore = now.getTime() - UPLOAD_MS;
  for (let i = 0, after = ""; i < MAX_PAGES; i++) {
    // By key, which has the time of the upload in front: the oldest come first.
    const page = await blobs.list(UPLOADS, after, PAGE);
    const old = page.filter(({ modifiedAt }) => modifiedAt.getTime() < endedBefore);
    for (const { key } of old) await blobs.delete(key);
    if (page.length < PAGE || old.length === 0) return;
    after = page.at(-1)!.key;
  }
}
