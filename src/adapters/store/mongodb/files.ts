/** Files; which messages they are in is told by the messages. */
import type { Collection, Document, Filter } from "mongodb";
import { unavailable } from "../../../domain/errors.ts";
import {
  CLAIM_MS,
  type File,
  type FileContent,
  type FileRefusal,
  refusalOf,
  REPORTED_MS,
  SEVERAL_MESSAGES,
} from "../../../domain/file.ts";
import type { ClaimOutcome, FileClaim, FileStore, StoredFile } from "../../../ports/store/files.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import { fileKey } from "./entry_keys.ts";
import type { EntryReader } from "./entry_reader.ts";
import type { FileDocument } from "./file_documents.ts";
import type { ReportDocument } from "./documents.ts";
import type { Operations } from "./operations.ts";
import { hasReport } from "./reports.ts";

/** Pages that one call looks through for files to be deleted. */
const MAX_PAGES = 10;
/** Times that a claim is tried while others change the file. */
const MAX_TRIES = 10;
/**
 * Messages with a file that are looked at. Deleted ones lose their files before their deletion is
 * acknowledged, so that one of these is there if any is.
 */
const MAX_MESSAGES = 200;

/** A file with what its state was derived from. */
interface Found {
  file: File;
  document: FileDocument;
}

export class MongoFiles implements FileStore {
  readonly #files: Collection<FileDocument>;
  readonly #reports: Collection<ReportDocument>;
  readonly #readOptions: ReadOptions;
  readonly #reader: EntryReader;
  readonly #operations: Operations;

  constructor(
    { files, reports, readOptions }: Collections,
    reader: EntryReader,
    operations: Operations,
  ) {
    this.#files = files;
    this.#reports = reports;
    this.#readOptions = readOptions;
    this.#reader = reader;
    this.#operations = operations;
  }

  /** Reserves first and counts then, so that of several at once the last sees all. */
  create({ id, state: _, ...fields }: File, quota: number, dueAt: Date): Promise<boolean> {
    return this.#operations.run(async () => {
      const { ownerId } = fields;
      await this.#files.insertOne({
        _id: id,
        ...fields,
        state: "uploading",
        isAttached: false,
        dueAt,
      });
      if (await this.#bytesOf(ownerId) <= quota) return true;
      await this.#files.deleteOne({ _id: id });
      return false;
    });
  }

  reserve(_id: string, quotaBytes: number, quota: number): Promise<boolean> {
    return this.#operations.run(async () => {
      const upload = await this.#files.findOneAndUpdate(
        { _id, state: "uploading" },
        { $set: { quotaBytes } },
      );
      if (!upload || await this.#bytesOf(upload.ownerId) <= quota) return true;
      await this.#files.updateOne(
        { _id, state: "uploading", quotaBytes },
        { $set: { quotaBytes: upload.quotaBytes } },
      );
      return false;
    });
  }

  complete(_id: string, content: FileContent, dueAt: Date): Promise<boolean> {
    return this.#operations.run(async () => {
      const { matchedCount } = await this.#files.updateOne(
        { _id, state: "uploading" },
        { $set: { ...content, state: "ready", dueAt } },
      );
      return matchedCount > 0;
    });
  }

  abort(_id: string, leaseEnd: Date): Promise<File | null> {
    return this.#operations.run(async () => {
      const aborted = await this.#files.findOneAndUpdate(
        { _id, state: "uploading" },
        { $set: { state: "deleted", dueAt: leaseEnd } },
        { returnDocument: "after" },
      );
      return aborted && await this.#toFile(aborted);
    });
  }

  find(id: string): Promise<File | null> {
    return this.#operations.run(async () => (await this.#find(id))?.file ?? null);
  }

  claim(ids: readonly string[], claim: FileClaim): Promise<ClaimOutcome> {
    return this.#operations.run(async () => {
      const files: File[] = [];
      for (const id of ids) {
        const claimed = await this.#claim(id, claim);
        if (typeof claimed !== "string") {
          files.push(claimed);
          continue;
        }
        for (const file of files) await this.#release(file.id, claim.messageId);
        return { refusal: claimed };
      }
      return { files };
    });
  }

  release(ids: readonly string[], messageId: string): Promise<void> {
    return this.#operations.run(async () => {
      for (const id of ids) await this.#release(id, messageId);
    });
  }

  discard(id: string, now: Date, leaseEnd: Date): Promise<File | null> {
    return this.#operations.run(async () => {
      const found = await this.#find(id);
      if (!found || isClaimed(found.document, now)) return null;
      const { state } = found.file;
      return state === "uploading" || state === "ready" ? this.#delete(found, leaseEnd) : null;
    });
  }

  collect(now: Date, leaseEnd: Date, limit: number): Promise<File[]> {
    return this.#operations.run(async () => {
      const collected: File[] = [];
      // Most that are due have come into messages, and are only noted as such.
      for (let i = 0; i < MAX_PAGES && collected.length === 0; i++) {
        const due = await this.#files
          .find({ dueAt: { $lte: now } }, this.#readOptions)
          .sort({ dueAt: 1 })
          .limit(limit)
          .toArray();
        for (const document of due) {
          const { matchedCount } = await this.#files.updateOne(
            { _id: document._id, dueAt: document.dueAt! },
            { $set: { dueAt: leaseEnd } },
          );
          if (matchedCount === 0) continue;
          const leased = { ...document, dueAt: leaseEnd };
          const found = { document: leased, file: await this.#toFile(leased) };
          const file = await this.#collect(found, now);
          if (file) collected.push(file);
        }
        if (due.length < limit) break;
      }
      return collected;
    });
  }

  remove(_id: string): Promise<void> {
    return this.#operations.run(async () => {
      await this.#files.deleteOne({ _id, state: "deleted" });
    });
  }

  list(after: string, limit: number): Promise<StoredFile[]> {
    return this.#operations.run(async () => {
      const found = await this.#files
        .find({ _id: { $gt: after } }, this.#readOptions)
        .sort({ _id: 1 })
        .limit(limit)
        .toArray();
      return found.map(({ _id: id, blobKey, size, hasThumbnail, createdAt, state }) => {
        const shown = state === "reported" ? "ready" : state;
        return { id, blobKey, size, hasThumbnail, createdAt, state: shown };
      });
    });
  }

  /** What the files of a user count for. */
  async #bytesOf(ownerId: string): Promise<number> {
    const [used] = await this.#files.aggregate<{ bytes: number }>([
      { $match: { ownerId, state: { $in: ["uploading", "ready"] } } },
      { $group: { _id: null, bytes: { $sum: "$quotaBytes" } } },
    ], this.#readOptions).toArray();
    return used?.bytes ?? 0;
  }

  async #find(_id: string): Promise<Found | null> {
    const document = await this.#files.findOne({ _id });
    return document && { document, file: await this.#toFile(document) };
  }

  async #toFile(document: FileDocument): Promise<File> {
    const { _id: id, isAttached: _, claim: __, dueAt: ___, ...fields } = document;
    return { id, ...fields, state: await this.#stateOf(document) };
  }

  /** Whatever is pending on the messages is looked at, and committed deletions count. */
  async #stateOf({ _id, state, roomId, isAttached }: FileDocument): Promise<File["state"]> {
    if (state === "reported") return await this.#gone(_id);
    if (state !== "ready" || roomId === null) return state;
    const match = { keys: fileKey(_id) };
    const messages = await this.#reader.messages(roomId, match, { $limit: MAX_MESSAGES });
    if (messages.some(({ deletedAt }) => deletedAt === null)) return "attached";
    return isAttached || messages.length > 0 ? await this.#gone(_id) : "ready";
  }

  /** The state of a file that was in a message, and is in none. */
  async #gone(id: string): Promise<"reported" | "deleted"> {
    return await hasReport(this.#reports, id) ? "reported" : "deleted";
  }

  async #claim(id: string, claim: FileClaim): Promise<File | FileRefusal> {
    const { roomId, messageId, at } = claim;
    for (let i = 0; i < MAX_TRIES; i++) {
      const found = await this.#find(id);
      const isBound = found !== null && isClaimed(found.document, at);
      const refusal = refusalOf(found?.file ?? null, claim, isBound);
      if (!found || refusal) return refusal ?? "file_not_found";
      // One that is in a message is bound by that.
      const isShared = isBound && found.file.state === "ready" &&
        found.document.claim?.messageId !== messageId;
      const { matchedCount } = await this.#files.updateOne(
        asItIs(found.document),
        { $set: { roomId, claim: { messageId: isShared ? SEVERAL_MESSAGES : messageId, at } } },
      );
      if (matchedCount > 0) return found.file;
    }
    throw unavailable("The file is claimed by too many messages at once.");
  }

  async #release(id: string, messageId: string): Promise<void> {
    const found = await this.#find(id);
    if (found?.document.claim?.messageId !== messageId) return;
    const { file, document } = found;
    const roomId = file.state === "ready" ? null : file.roomId;
    await this.#files.updateOne(asItIs(document), { $set: { roomId }, $unset: { claim: "" } });
  }

  /** Marks a file as deleted if nobody gets it any more, else says when it is looked at again. */
  async #collect(found: Found, now: Date): Promise<File | null> {
    const { file, document } = found;
    const { _id, dueAt, claim } = document;
    if (document.state === "deleted") return file;
    if (file.state === "attached") {
      const update = { $set: { isAttached: true }, $unset: { dueAt: "" } } as const;
      await this.#files.updateOne({ _id, dueAt: dueAt! }, update);
      return null;
    }
    if (isClaimed(document, now)) {
      const end = new Date(claim!.at.getTime() + CLAIM_MS);
      await this.#files.updateOne({ _id, dueAt: dueAt! }, { $set: { dueAt: end } });
      return null;
    }
    if (file.state === "reported") {
      const next = new Date(now.getTime() + REPORTED_MS);
      await this.#files.updateOne(asItIs(document), { $set: { state: "reported", dueAt: next } });
      return null;
    }
    return await this.#delete(found, dueAt!);
  }

  async #delete({ file, document }: Found, leaseEnd: Date): Promise<File | null> {
    const { matchedCount } = await this.#files.updateOne(
      asItIs(document),
      { $set: { state: "deleted", dueAt: leaseEnd } },
    );
    return matchedCount > 0 ? { ...file, state: "deleted" } : null;
  }
}

/** Whether a message that is about to be appended has it; of an upload none can. */
function isClaimed({ claim }: FileDocument, now: Date): boolean {
  return claim !== undefined && claim.at.getTime() > now.getTime() - CLAIM_MS;
}

/** Finds a file if neither claims nor deletions have changed it since it was read. */
function asItIs({ _id, state, roomId, isAttached, claim }: FileDocument): Filter<FileDocument> {
  const filter: Document = { _id, state, roomId, isAttached };
  filter["claim.messageId"] = claim ? claim.messageId : { $exists: false };
  if (claim) filter["claim.at"] = claim.at;
  return filter as Filter<FileDocument>;
}
