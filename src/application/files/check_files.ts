/** Compares what the store knows of files and avatars with the blobs that are there. */
import { avatarKey } from "../../domain/avatar.ts";
import { uploadKey } from "../../domain/blob_key.ts";
import { thumbnailKey, UPLOAD_MS } from "../../domain/file.ts";
import type { BlobInfo } from "../../ports/blobs.ts";
import type { Services } from "../../services/services.ts";

/** Whose a blob is: a file's, or a user's, whose avatar it is. */
interface Owner {
  owner: "file" | "user";
  id: string;
}

/** What is wrong with a blob. */
export interface BlobFault extends Owner {
  /** `missing`: it is not there; `damaged`: it has another size than the file. */
  kind: "missing" | "damaged";
  key: string;
}

interface Amount {
  blobs: number;
  bytes: number;
}

export interface FileReport {
  /** Files that are ready, and their blobs with thumbnails. */
  files: Amount & { count: number };
  avatars: Amount;
  faults: BlobFault[];
  /**
   * Blobs of no file and no user: what a crash has left, or of what a restored backup does not know.
   */
  leftOver: BlobInfo[];
}

/** What the store says of a blob. */
interface Expected extends Owner {
  /** Null where the store does not know it, of a thumbnail or an avatar. */
  size: number | null;
}

/** The blobs that must be there by their keys, and the keys of those that come or go. */
interface Known {
  expected: Map<string, Expected>;
  changing: Set<string>;
}

const PAGE = 1_000;

/**
 * Reads all files, users and blobs, also beside running servers: what is uploaded or deleted meanwhile
 * is not reported. It holds the keys of all files and avatars at once.
 * @throws ChatError `unavailable`
 */
export async function checkFiles(
  services: Pick<Services, "store" | "blobs">,
): Promise<FileReport> {
  await services.blobs.ping();
  const known: Known = { expected: new Map(), changing: new Set() };
  const count = await readFiles(services, known);
  await readAvatars(services, known);
  const report: FileReport = {
    files: { count, blobs: 0, bytes: 0 },
    avatars: { blobs: 0, bytes: 0 },
    faults: [],
    leftOver: [],
  };
  await compareBlobs(services, known, report);
  for (const [key, { owner, id }] of known.expected) {
    if (await isMissing(services, key, { owner, id })) {
      report.faults.push({ kind: "missing", owner, id, key });
    }
  }
  return report;
}

/** Removes blobs of no file and no user, as a check has found them. */
export async function removeLeftOver(
  { blobs }: Pick<Services, "blobs">,
  leftOver: readonly BlobInfo[],
): Promise<void> {
  for (const { key } of leftOver) await blobs.delete(key);
}

/** @returns how many files are ready */
async function readFiles(
  { store }: Pick<Services, "store">,
  { expected, changing }: Known,
): Promise<number> {
  let count = 0;
  for await (const file of pages((after) => store.files.list(after, PAGE), ({ id }) => id)) {
    const { id, blobKey, size, state, hasThumbnail } = file;
    if (state === "ready") {
      count++;
      expected.set(blobKey, { owner: "file", id, size });
      if (hasThumbnail) expected.set(thumbnailKey(blobKey), { owner: "file", id, size: null });
    } else changing.add(blobKey).add(thumbnailKey(blobKey)).add(uploadKey(id));
  }
  return count;
}

async function readAvatars(
  { store }: Pick<Services, "store">,
  { expected }: Known,
): Promise<void> {
  for await (const user of pages((after) => store.users.list(after, PAGE), ({ id }) => id)) {
    const key = avatarKey(user.avatarUrl);
    if (key) expected.set(key, { owner: "user", id: user.id, size: null });
  }
}

/** Counts all blobs, and takes those that are there out of what is expected. */
async function compareBlobs(
  { blobs }: Pick<Services, "blobs">,
  { expected, changing }: Known,
  report: FileReport,
): Promise<void> {
  // What was begun before an upload has to end is none any more.
  const settledBefore = Date.now() - UPLOAD_MS;
  for await (const blob of pages((after) => blobs.list("", after, PAGE), ({ key }) => key)) {
    const { key, size, modifiedAt } = blob;
    const found = expected.get(key);
    if (!found) {
      const isSettled = !changing.has(key) && modifiedAt.getTime() < settledBefore;
      if (isSettled) report.leftOver.push(blob);
      continue;
    }
    expected.delete(key);
    const { owner, id } = found;
    const amount = owner === "file" ? report.files : report.avatars;
    amount.blobs++;
    amount.bytes += size;
    const isDamaged = found.size !== null && found.size !== size;
    if (isDamaged) report.faults.push({ kind: "damaged", owner, id, key });
  }
}

/** Whether it is not there although it has been neither deleted nor replaced meanwhile. */
async function isMissing(
  { store, blobs }: Pick<Services, "store" | "blobs">,
  key: string,
  { owner, id }: Owner,
): Promise<boolean> {
  if (await blobs.stat(key) !== null) return false;
  if (owner === "user") return avatarKey((await store.users.find(id))?.avatarUrl ?? null) === key;
  const file = await store.files.find(id);
  return file !== null && file.state !== "deleted";
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
