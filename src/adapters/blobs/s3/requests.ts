/** Signed requests to a bucket of an S3-compatible service, and what its errors mean. */
import { setTimeout as sleep } from "node:timers/promises";
import { AwsV4Signer } from "aws4fetch";
import { ChatError, unavailable } from "../../../domain/errors.ts";
import { full, step } from "../faults.ts";

export interface Bucket {
  /** Without the bucket, and without a slash at its end. */
  endpoint: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
}

export interface S3Request {
  method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Empty for the bucket itself. */
  key: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: Uint8Array<ArrayBuffer>;
  /** Milliseconds until the answer's headers; what is read of its body may be silent as long. */
  limit: number;
}

type SignerOptions = ConstructorParameters<typeof AwsV4Signer>[0];

/** A request that the service has refused. */
export class S3Refusal extends Error {
  override readonly name = "S3Refusal";
  readonly status: number;
  /** As the service names it, such as `NoSuchBucket`; empty if it does not. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(`The S3 service answered ${status} ${code}: ${message}`);
    this.status = status;
    this.code = code;
  }
}

const EMPTY = new Uint8Array();
/** How often a request is sent that the service did not answer, or answered to be too busy for. */
const MAX_TRIES = 3;
const RETRY_MS = 200;
const BUSY = new Set([429, 500, 502, 503, 504]);
const FULL = /StorageFull|QuotaExceeded|InsufficientStorage/;

export class S3Requests {
  readonly #bucket: Bucket;
  /** The day's signing key, which the signer keeps. */
  readonly #cache = new Map<string, ArrayBuffer>();

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /**
   * Sends a request; its body may be sent again. Who gets the answer reads its body or cancels it.
   * @throws S3Refusal for an answer that is no success; ChatError `unavailable` if there is none
   */
  async send(request: S3Request): Promise<Response> {
    for (let tries = 1;; tries++) {
      const response = await this.#try(request).catch((error) => {
        if (tries === MAX_TRIES || error instanceof ChatError) throw unreachable(error);
        return null;
      });
      if (response?.ok) return response;
      if (response && (tries === MAX_TRIES || !BUSY.has(response.status))) {
        throw await refusalOf(response, request.limit);
      }
      await response?.body?.cancel();
      await sleep(Math.random() * RETRY_MS * tries);
    }
  }

  /**
   * Sends a request and reads the document of its answer.
   * @throws as `send` does; what takes long is refused after an answer of 200 has begun
   */
  async read(request: S3Request): Promise<string> {
    const response = await this.send(request);
    const text = await textOf(response, request.limit);
    const refusal = refusalIn(text, response.status);
    if (refusal) throw refusal;
    return text;
  }

  /**
   * A URL with which whoever has it may send one request, with exactly these headers.
   * @param seconds how long it is good for
   */
  async presign(
    method: "PUT",
    key: string,
    headers: Record<string, string>,
    seconds: number,
  ): Promise<string> {
    const url = this.#urlOf(key, { "X-Amz-Expires": String(seconds) });
    const options = { signQuery: true, allHeaders: true, method, url, headers };
    return (await this.#signer(options).sign()).url.href;
  }

  async #try({ method, key, query = {}, headers = {}, body, limit }: S3Request): Promise<Response> {
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", body ?? EMPTY)).toHex();
    const signed = await this.#signer({
      method,
      url: this.#urlOf(key, query),
      headers: { ...headers, "x-amz-content-sha256": hash },
    }).sign();
    const silence = new AbortController();
    const timer = setTimeout(
      () => silence.abort(unavailable("The store of files did not answer in time.")),
      limit,
    );
    try {
      return await fetch(signed.url, {
        method,
        headers: signed.headers,
        signal: silence.signal,
        redirect: "manual",
        ...(body && { body }),
      });
    } finally {
      clearTimeout(timer);
    }
  }

  #signer(options: Omit<SignerOptions, "accessKeyId" | "secretAccessKey">): AwsV4Signer {
    const { accessKeyId, secretAccessKey, region } = this.#bucket;
    const credentials = { accessKeyId, secretAccessKey, region, service: "s3" };
    return new AwsV4Signer({ ...options, ...credentials, cache: this.#cache });
  }

  /** Keys hold nothing that would have to be encoded. */
  #urlOf(key: string, query: Record<string, string>): string {
    const { endpoint, bucket } = this.#bucket;
    const path = key === "" ? bucket : `${bucket}/${key}`;
    const search = new URLSearchParams(query).toString();
    return `${endpoint}/${path}${search && `?${search}`}`;
  }
}

/** What to throw for an error of a request. */
export function translateS3(error: unknown): unknown {
  if (!(error instanceof S3Refusal)) return error;
  if (error.status === 507 || FULL.test(error.code)) return full(error);
  return unavailable("The store of files refused the request.", error);
}

/** Whether there is no such blob; what else is not found, as a bucket or a key, says nothing of it. */
export function isMissing(error: unknown): boolean {
  // An answer to HEAD has no document.
  return error instanceof S3Refusal && error.status === 404 &&
    ["", "NoSuchKey"].includes(error.code);
}

function unreachable(error: unknown): ChatError {
  if (error instanceof ChatError) return error;
  return unavailable("The store of files cannot be reached.", error);
}

/** The body of an answer, which errors when the service falls silent. */
export function bodyOf(response: Response, silenceMs: number): ReadableStream<Uint8Array> {
  const reader = (response.body ?? new Blob().stream()).getReader();
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await step(reader.read(), silenceMs).catch((error) => {
        reader.cancel(error).catch(() => {});
        throw error;
      });
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

function textOf(response: Response, silenceMs: number): Promise<string> {
  return new Response(bodyOf(response, silenceMs)).text();
}

async function refusalOf(response: Response, silenceMs: number): Promise<S3Refusal> {
  const text = await textOf(response, silenceMs);
  return refusalIn(text, response.status) ?? new S3Refusal(response.status, "", text.slice(0, 200));
}

/** The refusal that a document holds; null if it holds none. */
function refusalIn(text: string, status: number): S3Refusal | null {
  if (!/<Error[ >]/.test(text)) return null;
  return new S3Refusal(status, element(text, "Code"), element(text, "Message"));
}

/** The text of the first element of this name, as it is escaped there. */
export function element(xml: string, name: string): string {
  return xml.match(new RegExp(`<${name}[^>]*>([^<]*)</${name}>`))?.[1] ?? "";
}

const NAMED = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" } as const;

/** What a text of XML says (XML 1.0, 4.1 and 4.6). */
export function unescaped(text: string): string {
  return text.replaceAll(/&(?:#(\d+)|#x([\da-f]+)|(amp|lt|gt|quot|apos));/gi, (_, ...found) => {
    const [decimal, hexadecimal, name] = found;
    if (name) return NAMED[name as keyof typeof NAMED];
    return String.fromCodePoint(decimal ? Number(decimal) : parseInt(hexadecimal, 16));
  });
}
