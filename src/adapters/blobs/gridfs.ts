/**
 * Blobs in MongoDB, laid out as GridFS, so that its tools read them. The driver's own streams are not
 * used: one that reads takes up to 16 MB at once and holds a cursor, which ends while a slow client
 * is waited for; one that writes may leave a chunk behind when it is cut off.
 */
import { type Collection, type Db, ObjectId } from "mongodb";
import { STEP_MS } from "../../async/step.ts";
import { unavailable } from "../../domain/errors.ts";
import type { BlobInfo, BlobStore, ByteRange } from "../../ports/blobs.ts";
import { chunksOf } from "./chunks.ts";
import { step } from "./faults.ts";

const CHUNK_BYTES = 1_024 * 1_024;
/** Until when what was replaced may still be read, and a write may go on. */
const DRAFT_LIFE_MS = 24 * 60 * 60 * 1_000;
const SWEEP_INTERVAL_MS = 60 * 60 * 1_000;
/** How many drafts are removed at once. */
const MAX_SWEPT = 1_000;

/** A file of GridFS; where several have one name, the one with the greatest id counts. */
interface FileDocument {
  _id: ObjectId;
  length: number;
  chunkSize: number;
  uploadDate: Date;
  /** The key. */
  filename: string;
  metadata: { contentType: string };
}

interface ChunkDocument {
  files_id: ObjectId;
  n: number;
  data: Uint8Array;
}

/** Chunks that belong to no file yet, or no longer. */
interface DraftDocument {
  _id: ObjectId;
  since: Date;
}

export class GridFsBlobs implements BlobStore {
  readonly description: string;
  readonly presigner = null;
  readonly #db: Db;
  readonly #files: Collection<FileDocument>;
  readonly #chunks: Collection<ChunkDocument>;
  readonly #drafts: Collection<DraftDocument>;
  readonly #stepMs: number;
  #sweptAt = 0;

  private constructor(db: Db, stepMs: number) {
    this.description = `GridFS (${db.databaseName})`;
    this.#db = db;
    this.#stepMs = stepMs;
    this.#files = db.collection("blobs.files");
    this.#chunks = db.collection("blobs.chunks");
    this.#drafts = db.collection("blobs.drafts");
  }

  /**
   * @param db whose writes are acked by a majority's journals; it stays open
   * @param stepMs how long each command may take
   * @throws an error of the driver
   */
  static async open(db: Db, stepMs = STEP_MS): Promise<GridFsBlobs> {
    const blobs = new GridFsBlobs(db, stepMs);
    await Promise.all([
      blobs.#files.createIndex({ filename: 1, uploadDate: 1 }),
      blobs.#chunks.createIndex({ files_id: 1, n: 1 }, { unique: true }),
      blobs.#drafts.createIndex({ since: 1 }),
    ]);
    await blobs.#sweep();
    return blobs;
  }

  async put(key: string, bytes: ReadableStream<Uint8Array>, type: string): Promise<number> {
    const _id = new ObjectId();
    try {
      await this.#step(this.#drafts.insertOne({ _id, since: new Date() }));
      const length = await this.#writeChunks(_id, bytes);
      const replaced = await this.#filesOf(key);
      const file = { length, chunkSize: CHUNK_BYTES, uploadDate: new Date(), filename: key };
      await this.#step(this.#files.insertOne({ _id, ...file, metadata: { contentType: type } }));
      for (const each of replaced) await this.#retire(each);
      await this.#step(this.#drafts.deleteOne({ _id }));
      void this.#sweep();
      return length;
    } catch (error) {
      await bytes.cancel(error).catch(() => {});
      // What remains then, the sweep removes.
      await this.#remove(_id).catch(() => {});
      throw error;
    }
  }

  async get(key: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | null> {
    const file = await this.#fileOf(key);
    return file && this.#read(file, range ?? { start: 0, end: file.length - 1 });
  }

  async stat(key: string): Promise<BlobInfo | null> {
    const file = await this.#fileOf(key);
    return file && infoOf(file);
  }

  async copy(from: string, to: string): Promise<boolean> {
    const file = await this.#fileOf(from);
    if (file === null) return false;
    const bytes = this.#read(file, { start: 0, end: file.length - 1 });
    await this.put(to, bytes, file.metadata.contentType);
    return true;
  }

  async delete(key: string): Promise<void> {
    for (const file of await this.#filesOf(key)) {
      await this.#draft(file);
      await this.#remove(file._id);
    }
  }

  async list(prefix: string, after: string, limit: number): Promise<BlobInfo[]> {
    // `~` comes after all that a key may hold.
    const filename = { $gte: prefix, $lt: `${prefix}~`, ...(after >= prefix && { $gt: after }) };
    const found = new Map<string, BlobInfo>();
    const cursor = this.#files.find({ filename }).sort({ filename: 1, _id: 1 }).batchSize(limit);
    await this.#step((async () => {
      for await (const file of cursor) {
        if (found.size === limit && !found.has(file.filename)) return;
        found.set(file.filename, infoOf(file));
      }
    })());
    return [...found.values()];
  }

  async ping(): Promise<void> {
    await this.#step(this.#db.command({ ping: 1 }));
  }

  /** The connection is the caller's. */
  async close(): Promise<void> {}

  #step<T>(work: Promise<T>): Promise<T> {
    return step(work, this.#stepMs);
  }

  async #filesOf(key: string): Promise<FileDocument[]> {
    return await this.#step(this.#files.find({ filename: key }).toArray());
  }

  async #fileOf(key: string): Promise<FileDocument | null> {
    const files = await this.#filesOf(key);
    return files.reduce<FileDocument | null>(
      (newest, file) => newest && newest._id.toHexString() > file._id.toHexString() ? newest : file,
      null,
    );
  }

  async #writeChunks(id: ObjectId, bytes: ReadableStream<Uint8Array>): Promise<number> {
    let [length, n] = [0, 0];
    for await (const data of chunksOf(bytes, CHUNK_BYTES)) {
      await this.#step(this.#chunks.insertOne({ files_id: id, n, data }));
      n++;
      length += data.length;
    }
    return length;
  }

  #read({ _id, chunkSize }: FileDocument, { start, end }: ByteRange): ReadableStream<Uint8Array> {
    let at = start;
    return new ReadableStream({
      pull: async (controller) => {
        if (at > end) return controller.close();
        const n = Math.floor(at / chunkSize);
        const chunk = await this.#step(
          this.#chunks.findOne({ files_id: _id, n }, { promoteBuffers: true }),
        );
        if (chunk === null) throw unavailable("The file was removed while it was read.");
        const first = n * chunkSize;
        controller.enqueue(chunk.data.subarray(at - first, end + 1 - first));
        at = first + chunkSize;
      },
    });
  }

  /** Takes a file's name from it, whose chunks may be read for a while. */
  async #retire(file: FileDocument): Promise<void> {
    await this.#draft(file);
    await this.#step(this.#files.deleteOne({ _id: file._id }));
  }

  async #draft({ _id }: FileDocument): Promise<void> {
    await this.#step(
      this.#drafts.updateOne({ _id }, { $set: { since: new Date() } }, { upsert: true }),
    );
  }

  /** Removes a file and its chunks, of which there is a draft until that is done. */
  async #remove(id: ObjectId): Promise<void> {
    await this.#step(this.#files.deleteOne({ _id: id }));
    await this.#step(this.#chunks.deleteMany({ files_id: id }));
    await this.#step(this.#drafts.deleteOne({ _id: id }));
  }

  /** Removes what others have left, from time to time; several instances may do it at once. */
  async #sweep(): Promise<void> {
    if (Date.now() - this.#sweptAt < SWEEP_INTERVAL_MS) return;
    this.#sweptAt = Date.now();
    try {
      const since = { $lt: new Date(Date.now() - DRAFT_LIFE_MS) };
      for (
        const { _id } of await this.#step(this.#drafts.find({ since }).limit(MAX_SWEPT).toArray())
      ) {
        // Its writer died after the file was complete.
        const isFile = await this.#step(this.#files.findOne({ _id })) !== null;
        if (isFile) await this.#step(this.#drafts.deleteOne({ _id }));
        else await this.#remove(_id);
      }
    } catch {
      // The next one goes on.
    }
  }
}

function infoOf({ filename, length, uploadDate }: FileDocument): BlobInfo {
  return { key: filename, size: length, modifiedAt: uploadDate };
}
