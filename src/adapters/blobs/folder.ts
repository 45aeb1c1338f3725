/** Blobs as files of a folder, each at the path that its key names. */
import { dirname, join } from "node:path";
import pLimit from "p-limit";
import { STEP_MS } from "../../async/step.ts";
import type { BlobInfo, BlobStore, ByteRange } from "../../ports/blobs.ts";
import { codeOf, step } from "./faults.ts";
import { FilePart } from "./file_part.ts";

/** Where blobs are written before they are moved to their place; no key names it. */
const DRAFTS = "~drafts";
/** What is older was left by a process that was killed. */
const DRAFT_LIFE_MS = 24 * 60 * 60 * 1_000;
/** How many of those are removed at a start. */
const MAX_SWEPT = 1_000;
/**
 * After how many bytes a draft is synced, one draft at a time. Where 50 uploads of 25 MB were synced
 * as a whole, a commit of the database on the same disk took up to 500 ms, with this 11 ms, and they
 * were as fast.
 */
const SYNC_BYTES = 4 * 1_024 * 1_024;
/** With a thread for each of 100 uploads the event loop waits long for a core. */
const WRITES_AT_ONCE = 2;
/** Of a sync or a copy, at least: they take the longer the more bytes there are. */
const LONG_STEP_MS = 30_000;
const PART_OF_KEY = /^[\w.-]+$/;

export class FolderBlobs implements BlobStore {
  readonly description: string;
  readonly presigner = null;
  readonly #root: string;
  readonly #drafts: string;
  readonly #stepMs: number;
  readonly #writes = pLimit(WRITES_AT_ONCE);
  /** One at a time. */
  readonly #syncs = pLimit(1);

  private constructor(root: string, stepMs: number) {
    this.#root = root;
    this.#stepMs = stepMs;
    this.#drafts = join(root, DRAFTS);
    this.description = `folder (${root})`;
  }

  /**
   * Makes the folder if it is missing, for this user only, and removes old drafts.
   * @param stepMs how long the disk may be silent
   * @throws an error of the file system
   */
  static async open(root: string, stepMs = STEP_MS): Promise<FolderBlobs> {
    const blobs = new FolderBlobs(root, stepMs);
    await Deno.mkdir(blobs.#drafts, { recursive: true, mode: 0o700 });
    await blobs.#sweep(Date.now() - DRAFT_LIFE_MS);
    return blobs;
  }

  async put(key: string, bytes: ReadableStream<Uint8Array>): Promise<number> {
    return await this.#placed(key, async (draft) => {
      // Before the first byte is asked for.
      using file = await this.#open(draft, { createNew: true, mode: 0o600 });
      return await this.#write(file, bytes);
    }).catch(async (error) => {
      await bytes.cancel(error).catch(() => {});
      throw error;
    });
  }

  async get(key: string, range?: ByteRange): Promise<FilePart | null> {
    const opening = openFile(this.#pathOf(key));
    const file = await this.#unlessMissing(opening).catch((error) => closeLater(opening, error));
    return file && await this.#part(file, range ?? { start: 0, end: Infinity });
  }

  async stat(key: string): Promise<BlobInfo | null> {
    const info = await this.#unlessMissing(Deno.stat(this.#pathOf(key)));
    if (!info?.isFile) return null;
    return { key, size: info.size, modifiedAt: info.mtime ?? new Date(0) };
  }

  async copy(from: string, to: string): Promise<boolean> {
    if (await this.stat(from) === null) return false;
    return await this.#placed(to, async (draft) => {
      const copying = Deno.copyFile(this.#pathOf(from), draft).then(() => true);
      const copied = await this.#longStep(nullIfMissing(copying));
      if (!copied) return false;
      using file = await this.#open(draft);
      await this.#sync(file);
      return true;
    });
  }

  async delete(key: string): Promise<void> {
    const path = this.#pathOf(key);
    const removed = await this.#unlessMissing(Deno.remove(path).then(() => true));
    if (removed) await this.#step(syncFolder(dirname(path)));
  }

  async list(prefix: string, after: string, limit: number): Promise<BlobInfo[]> {
    const found: BlobInfo[] = [];
    for await (const key of this.#keys("", prefix, after)) {
      if (found.length === limit) break;
      const info = await this.stat(key);
      if (info) found.push(info);
    }
    return found;
  }

  /** A folder that was unmounted has no drafts. */
  async ping(): Promise<void> {
    await this.#step(Deno.stat(this.#drafts));
  }

  async close(): Promise<void> {}

  #pathOf(key: string): string {
    return join(this.#root, key);
  }

  /** Writes and syncs all bytes; what the stream errors with is thrown as it is. */
  async #write(file: Deno.FsFile, bytes: ReadableStream<Uint8Array>): Promise<number> {
    let [size, unsynced] = [0, 0];
    let syncing = Promise.resolve();
    try {
      for await (const chunk of bytes) {
        await this.#writes(() => this.#writeAll(file, chunk));
        size += chunk.length;
        unsynced += chunk.length;
        if (unsynced < SYNC_BYTES) continue;
        await syncing;
        syncing = this.#sync(file);
        unsynced = 0;
      }
    } finally {
      // The file must stay open until then.
      await Promise.allSettled([syncing]);
    }
    await syncing;
    await this.#sync(file);
    return size;
  }

  #sync(file: Deno.FsFile): Promise<void> {
    const synced = this.#syncs(() => this.#longStep(file.sync()));
    // Its failure is met by whoever waits for it, maybe later.
    synced.catch(() => {});
    return synced;
  }

  /** Lets `write` write a draft, then moves it to its place, if it returns anything but false. */
  async #placed<T>(key: string, write: (draft: string) => Promise<T>): Promise<T> {
    const draft = join(this.#drafts, crypto.randomUUID());
    const path = this.#pathOf(key);
    try {
      const result = await write(draft);
      if (result === false) return result;
      const made = await this.#step(makeFolder(dirname(path), this.#root));
      await this.#step(Deno.rename(draft, path));
      for (const folder of new Set([dirname(path), ...made])) await this.#step(syncFolder(folder));
      return result;
    } catch (error) {
      // What remains then is swept at a start.
      await this.#step(Deno.remove(draft)).catch(() => {});
      throw error;
    }
  }

  /** Keys in order; of each folder on the way only its own names are held. */
  async *#keys(folder: string, prefix: string, after: string): AsyncGenerator<string> {
    for (const name of await this.#namesIn(folder)) {
      const key = folder + name;
      if (!key.endsWith("/")) {
        if (key.startsWith(prefix) && key > after) yield key;
      } else if (
        (key.startsWith(prefix) || prefix.startsWith(key)) &&
        (key > after || after.startsWith(key))
      ) yield* this.#keys(key, prefix, after);
    }
  }

  /** Sorted as keys are: the names of folders end with a slash. */
  async #namesIn(folder: string): Promise<string[]> {
    const entries = Array.fromAsync(Deno.readDir(join(this.#root, folder)));
    return (await this.#step(entries))
      .filter(({ name }) => PART_OF_KEY.test(name))
      .map(({ name, isDirectory }) => isDirectory ? `${name}/` : name)
      .sort();
  }

  async #sweep(before: number): Promise<void> {
    let swept = 0;
    for await (const { name } of Deno.readDir(this.#drafts)) {
      const path = join(this.#drafts, name);
      // Another process may sweep at the same time.
      const info = await this.#unlessMissing(Deno.stat(path));
      if (!info?.mtime || info.mtime.getTime() >= before) continue;
      await this.#unlessMissing(Deno.remove(path));
      if (++swept === MAX_SWEPT) return;
    }
  }

  #step<T>(work: Promise<T>): Promise<T> {
    return step(work, this.#stepMs);
  }

  #longStep<T>(work: Promise<T>): Promise<T> {
    return step(work, Math.max(LONG_STEP_MS, this.#stepMs));
  }

  /** @returns null where there is nothing */
  #unlessMissing<T>(work: Promise<T>): Promise<T | null> {
    return this.#step(nullIfMissing(work));
  }

  /** Opens a file for writing. */
  #open(path: string, options: Deno.OpenOptions = {}): Promise<Deno.FsFile> {
    const opening = Deno.open(path, { write: true, ...options });
    return this.#step(opening).catch((error) => closeLater(opening, error));
  }

  async #writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#step(file.write(bytes.subarray(at)));
  }

  /** Closes the file if its bytes cannot be read. */
  async #part(file: Deno.FsFile, { start, end }: ByteRange): Promise<FilePart> {
    const part = new FilePart(file, end - start + 1, this.#stepMs);
    try {
      if (start > 0) await this.#step(file.seek(start, Deno.SeekMode.Start));
      return part;
    } catch (error) {
      await part.return();
      throw error;
    }
  }
}

/** @returns null where there is nothing */
async function nullIfMissing<T>(work: Promise<T>): Promise<T | null> {
  return await work.catch((error) => {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error))) return null;
    throw error;
  });
}

/** @returns null for a folder */
async function openFile(path: string): Promise<Deno.FsFile | null> {
  const file = await Deno.open(path);
  const info = await file.stat().catch((error) => {
    file.close();
    throw error;
  });
  if (info.isFile) return file;
  file.close();
  return null;
}

/** Closes what may be opened after it was given up, and throws the reason. */
function closeLater(opening: Promise<Deno.FsFile | null>, reason: unknown): never {
  opening.then((file) => file?.close(), () => {});
  throw reason;
}

/**
 * Makes a folder and those above it.
 * @returns the folders that hold a new one, whose entries are to be synced
 */
async function makeFolder(path: string, root: string): Promise<string[]> {
  if (path === root || await nullIfMissing(Deno.stat(path)) !== null) return [];
  const above = await makeFolder(dirname(path), root);
  await Deno.mkdir(path, { mode: 0o700 }).catch((error) => {
    if (codeOf(error) !== "EEXIST") throw error;
  });
  return [...above, dirname(path)];
}

/** Makes the entries of a folder durable; Windows has no such call, and needs none. */
async function syncFolder(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using folder = await Deno.open(path);
  await folder.sync();
}
