/** Blobs in a bucket of an S3-compatible service. */
import pLimit from "p-limit";
import { STEP_MS } from "../../../async/step.ts";
import { DraftFile } from "../../../disk/draft_file.ts";
import type {
  BlobInfo,
  BlobPresigner,
  BlobStore,
  ByteRange,
  PresignedUpload,
} from "../../../ports/blobs.ts";
import {
  bodyOf,
  type Bucket,
  element,
  isMissing,
  type S3Request,
  S3Requests,
  translateS3,
  unescaped,
} from "./requests.ts";
import { PART_BYTES, Upload } from "./upload.ts";

/** A part takes a while on a slow line, and so does a large copy inside of the service. */
const TRANSFER_MS = 60_000;
/**
 * How many parts are in memory at once. Uploads wait for their turn on the disk: 100 that held their
 * own parts took 2 GB.
 */
const MAX_PARTS = 4;
/** The most that a service lists at once. */
const MAX_KEYS = 1_000;
const PRESIGNED_SECONDS = 15 * 60;
const KEY = /^[\w.\-/]+$/;

/** What a page of a list begins after; nothing for the first. */
type PageStart = { "start-after"?: string; "continuation-token"?: string };

export class S3Blobs implements BlobStore, BlobPresigner {
  readonly description: string;
  readonly presigner = this;
  readonly origin: string;
  readonly #bucket: string;
  readonly #requests: S3Requests;
  readonly #limits: { step: number; transfer: number };
  readonly #partTurn = pLimit(MAX_PARTS);

  private constructor(bucket: Bucket, stepMs: number) {
    this.description = `S3 (${bucket.endpoint}/${bucket.bucket})`;
    this.origin = new URL(bucket.endpoint).origin;
    this.#bucket = bucket.bucket;
    this.#requests = new S3Requests(bucket);
    this.#limits = { step: stepMs, transfer: Math.max(stepMs, TRANSFER_MS) };
  }

  /**
   * @param stepMs how long the service may be silent
   * @throws S3Refusal if the bucket or the key cannot be used; ChatError `unavailable`
   */
  static async open(bucket: Bucket, stepMs = STEP_MS): Promise<S3Blobs> {
    const blobs = new S3Blobs(bucket, stepMs);
    await blobs.#page("", {}, 1);
    return blobs;
  }

  async put(key: string, bytes: ReadableStream<Uint8Array>, type: string): Promise<number> {
    const upload = new Upload(this.#requests, key, type, this.#limits);
    try {
      await using draft = await DraftFile.of(bytes);
      let sent = 0;
      do {
        const start = sent;
        await this.#partTurn(async () => upload.add(await draft.read(start, PART_BYTES)));
        sent += PART_BYTES;
      } while (sent < draft.size);
      await upload.complete();
      return draft.size;
    } catch (error) {
      await bytes.cancel(error).catch(() => {});
      // What remains then, a rule of the bucket removes: see docs/operations.md.
      await upload.abort().catch(() => {});
      throw translateS3(error);
    }
  }

  async get(key: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | null> {
    const headers = range && { range: `bytes=${range.start}-${range.end}` };
    const response = await this.#send({ method: "GET", key, ...(headers && { headers }) });
    return response && bodyOf(response, this.#limits.step);
  }

  async stat(key: string): Promise<BlobInfo | null> {
    const response = await this.#send({ method: "HEAD", key });
    if (response === null) return null;
    const { headers } = response;
    const size = Number(headers.get("content-length"));
    return { key, size, modifiedAt: new Date(headers.get("last-modified") ?? 0) };
  }

  async copy(from: string, to: string): Promise<boolean> {
    const headers = { "x-amz-copy-source": `/${this.#bucket}/${from}` };
    const limit = this.#limits.transfer;
    const copying = this.#requests.read({ method: "PUT", key: to, headers, limit });
    return await unlessMissing(copying) !== null;
  }

  async delete(key: string): Promise<void> {
    await (await this.#send({ method: "DELETE", key }))?.body?.cancel();
  }

  async list(prefix: string, after: string, limit: number): Promise<BlobInfo[]> {
    const found: BlobInfo[] = [];
    let from: PageStart = after === "" ? {} : { "start-after": after };
    for (;;) {
      const wanted = Math.min(limit - found.length, MAX_KEYS);
      const { blobs, next } = await this.#page(prefix, from, wanted).catch((error) => {
        throw translateS3(error);
      });
      // Objects that others have put into the bucket under names that are no keys are left out.
      found.push(...blobs.filter(({ key }) => KEY.test(key)));
      if (next === "" || found.length === limit) return found;
      // Not after the last key: a page may have none, or one that is escaped.
      from = { "continuation-token": next };
    }
  }

  async presign(
    key: string,
    { size, type }: { size: number; type: string },
  ): Promise<PresignedUpload> {
    const expiresAt = new Date(Date.now() + PRESIGNED_SECONDS * 1_000);
    const signed = { "content-type": type, "content-length": String(size) };
    const url = await this.#requests.presign("PUT", key, signed, PRESIGNED_SECONDS);
    // Clients send the length by themselves; browsers let nobody else set it.
    return { url, method: "PUT", headers: { "content-type": type }, expiresAt };
  }

  async ping(): Promise<void> {
    await this.#page("", {}, 1).catch((error) => {
      throw translateS3(error);
    });
  }

  async close(): Promise<void> {}

  /** @returns null if there is no such blob */
  async #send(request: Omit<S3Request, "limit">): Promise<Response | null> {
    return await unlessMissing(this.#requests.send({ ...request, limit: this.#limits.step }));
  }

  /** @returns `next`, the token that the page after it is asked for with; empty at the end */
  async #page(prefix: string, from: PageStart, limit: number) {
    const query = {
      "list-type": "2",
      "max-keys": String(limit),
      ...(prefix && { prefix }),
      ...from,
    };
    const request = { method: "GET", key: "", query, limit: this.#limits.step } as const;
    const text = await this.#requests.read(request);
    return { blobs: readBlobs(text), next: unescaped(element(text, "NextContinuationToken")) };
  }
}

/** @returns null if there is no such blob */
async function unlessMissing<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (isMissing(error)) return null;
    throw translateS3(error);
  }
}

function readBlobs(xml: string): BlobInfo[] {
  return [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, contents = ""]) => ({
    key: element(contents, "Key"),
    size: Number(element(contents, "Size")),
    modifiedAt: new Date(element(contents, "LastModified")),
  }));
}
