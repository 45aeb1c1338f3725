/** One write of a blob to S3: a single request for a small one, parts for others. */
import { element, type S3Requests } from "./requests.ts";

/** The least that S3 takes as a part that is not the last. */
export const PART_BYTES = 5 * 1_024 * 1_024;

export interface UploadLimits {
  /** Milliseconds for a request without a body. */
  step: number;
  /** Milliseconds for one with a body, or that makes the service copy one. */
  transfer: number;
}

/** The parts of a blob, in order; of several nothing is shown before `complete`. */
export class Upload {
  readonly #requests: S3Requests;
  readonly #key: string;
  readonly #type: string;
  readonly #limits: UploadLimits;
  #uploadId: string | null = null;
  readonly #tags: string[] = [];

  constructor(requests: S3Requests, key: string, type: string, limits: UploadLimits) {
    this.#requests = requests;
    this.#key = key;
    this.#type = type;
    this.#limits = limits;
  }

  /** @param part of `PART_BYTES`; only the last may be smaller */
  async add(part: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.#uploadId === null && part.length < PART_BYTES) return await this.#putWhole(part);
    const uploadId = this.#uploadId ??= await this.#begin();
    const partNumber = String(this.#tags.length + 1);
    const response = await this.#requests.send({
      method: "PUT",
      key: this.#key,
      query: { partNumber, uploadId },
      body: part,
      limit: this.#limits.transfer,
    });
    await response.body?.cancel();
    this.#tags.push(response.headers.get("etag") ?? "");
  }

  async complete(): Promise<void> {
    if (this.#uploadId === null) return;
    const parts = this.#tags.map((tag, i) =>
      `<Part><PartNumber>${i + 1}</PartNumber><ETag>${tag}</ETag></Part>`
    );
    const text = `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`;
    await this.#requests.read({
      method: "POST",
      key: this.#key,
      query: { uploadId: this.#uploadId },
      body: new TextEncoder().encode(text),
      limit: this.#limits.transfer,
    });
  }

  /** Removes the parts. */
  async abort(): Promise<void> {
    if (this.#uploadId === null) return;
    const response = await this.#requests.send({
      method: "DELETE",
      key: this.#key,
      query: { uploadId: this.#uploadId },
      limit: this.#limits.step,
    });
    await response.body?.cancel();
  }

  async #begin(): Promise<string> {
    const answer = await this.#requests.read({
      method: "POST",
      key: this.#key,
      query: { uploads: "" },
      headers: { "content-type": this.#type },
      limit: this.#limits.step,
    });
    return element(answer, "UploadId");
  }

  async #putWhole(body: Uint8Array<ArrayBuffer>): Promise<void> {
    const response = await this.#requests.send({
      method: "PUT",
      key: this.#key,
      headers: { "content-type": this.#type },
      body,
      limit: this.#limits.transfer,
    });
    await response.body?.cancel();
  }
}
