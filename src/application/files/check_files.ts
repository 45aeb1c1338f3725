/** Compares what the store knows of files with the blobs that are there. */
import { type BlobFamily, uploadKey } from "../../domain/blob_key.ts";
import { thumbnailKey, UPLOAD_MS } from "../../domain/file.ts";
import type { BlobInfo } from "../../ports/blobs.ts";
import type { Services } from "../../services/services.ts";

/** What is wrong with a blob of a file. */
export interface FileFault {
  /** `missing`: it is not there; `damaged`: it has another size than the file. */
  kind: "missing" | "damaged";
  fileId: string;
  key: string;
}

export interface FileReport {
  /** Files that are ready, and their blobs with thumbnails. */
  files: number;
  blobs: number;
  bytes: number;
  faults: FileFault[];
  /** Blobs of no file: what a crash has left, or of files that a restored backup does not know. */
  leftOver: BlobInfo[];
  /** Avatars, which are not compared. */
  avatars: { blobs: number; bytes: number };
}

/** What the store says of a blob. */
interface Expected {
  fileId: string;
  /** Null where the store does not know it, of a thumbnail. */
  size: number | null;
}

const PAGE = 1_000;

/**
 * Reads all files and all blobs, also beside running servers: what is uploaded or deleted meanwhile
 * is not reported. It holds the keys of all files at once.
 * @throws ChatError `unavailable`
 */
export async function checkFiles(
  services: Pick<Services, "store" | "blobs">,
): Promise<FileReport> {
  await services.blobs.ping();
  const { expected, changing } = await readFiles(services);
  const report: FileReport = {
    files: new Set([...expected.values()].map(({ fileId }) => fileId)).size,
    blobs: 0,
    bytes: 0,
    faults: [],
    leftOver: [],
    avatars: { blobs: 0, bytes: 0 },
  };
  // What was begun before an upload has to end is none any more.
  const settledBefore = Date.now() - UPLOAD_MS;
  for await (const blob of allBlobs(services)) {
    if (familyOf(blob.key) === "avatars") {
      report.avatars.blobs++;
      report.avatars.bytes += blob.size;
      continue;
    }
    const known = expected.get(blob.key);
    expected.delete(blob.key);
    if (known) {
      report.blobs++;
      report.bytes += blob.size;
      const isDamaged = known.size !== null && known.size !== blob.size;
      if (isDamaged) report.faults.push({ kind: "damaged", fileId: known.fileId, key: blob.key });
    } else if (!changing.has(blob.key) && blob.modifiedAt.getTime() < settledBefore) {
      report.leftOver.push(blob);
    }
  }
  for (const [key, { fileId }] of expected) {
    if (await isMissing(services, key, fileId)) {
      report.faults.push({ kind: "missing", fileId, key });
    }
  }
  return report;
}

/** Removes blobs of no file, as a check has found them. */
export async function removeLeftOver(
  { blobs }: Pick<Services, "blobs">,
  leftOver: readonly BlobInfo[],
): Promise<void> {
  for (const { key } of leftOver) await blobs.delete(key);
}

/** The blobs that must be there, and the keys of those that come or go. */
async function readFiles({ store }: Pick<Services, "store">) {
  const expected = new Map<string, Expected>();
  const changing = new Set<string>();
  for await (const file of pages((after) => store.files.list(after, PAGE), ({ id }) => id)) {
    const { id: fileId, blobKey, size, state, hasThumbnail } = file;
    if (state === "ready") {
      expected.set(blobKey, { fileId, size });
      if (hasThumbnail) expected.set(thumbnailKey(blobKey), { fileId, size: null });
    } else changing.add(blobKey).add(thumbnailKey(blobKey)).add(uploadKey(fileId));
  }
  return { expected, changing };
}

/** Whether it is not there although the file has not been deleted meanwhile. */
async function isMissing(
  { store, blobs }: Pick<Services, "store" | "blobs">,
  key: string,
  fileId: string,
): Promise<boolean> {
  if (await blobs.stat(key) !== null) return false;
  const file = await store.files.find(fileId);
  return file !== null && file.state !== "deleted";
}

function allBlobs({ blobs }: Pick<Services, "blobs">): AsyncGenerator<BlobInfo> {
  return pages((after) => blobs.list("", after, PAGE), ({ key }) => key);
}

/** All items of a list, page by page. */
async function* pages<T>(
  read: (after: string) => Promise<T[]>,
  placeOf: (item: T) => string,
): AsyncGenerator<T> {
  for (let after = "";;) {
    const page = await read(after);
    yield* page;
    if (page.length < PAGE) return;
    after = placeOf(page.at(-1)!);
  }
}

function familyOf(key: string): BlobFamily | string {
  return key.split("/", 1)[0]!;
}
