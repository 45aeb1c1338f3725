/** Answers with the bytes of a file: whole, in part, or that the client has them (RFC 9110). */
import fresh from "fresh";
import { parse, type Range } from "range-parser";
import type { Context } from "hono";
import type { BlobStore, ByteRange } from "../ports/blobs.ts";
import { empty } from "./answers.ts";

/** A reader who takes nothing for so long is given up. */
const SILENCE_MS = 60_000;
/** Who may read a file is decided each time. */
export const PRIVATE = "private, no-cache";

/** What is answered of a file. */
export interface Representation {
  key: string;
  type: string;
  /** In bytes. */
  size: number;
  /** Strong: bytes with one are the same for ever. */
  etag: string;
  modifiedAt: Date;
  /** Missing: as the client likes. */
  disposition?: string;
  /** Missing: `PRIVATE`. */
  cacheControl?: string;
}

/** For the OpenAPI document: what `answerFile` answers. */
export function fileResponses(description: string, type: string) {
  const content = { [type]: { schema: { type: "string", format: "binary" } as const } };
  return {
    200: { description, content },
    206: { description: "The `Range` that was asked for", content },
    304: empty("The client has it"),
    412: empty("`If-Match` or `If-Unmodified-Since` is not met"),
    416: empty("There is no such range; `Content-Range` says how long it is"),
  };
}

/**
 * @returns null if its bytes are gone
 * @throws ChatError `unavailable`
 */
export async function answerFile(
  c: Context,
  blobs: Pick<BlobStore, "get" | "stat">,
  file: Representation,
): Promise<Response | null> {
  const headers = headersOf(file);
  if (!isExpected(c, file)) return new Response(null, { status: 412 });
  if (isFresh(c, headers)) return new Response(null, { status: 304, headers });
  const range = rangeOf(c, file, headers);
  if (range === "unsatisfiable") {
    headers.set("content-range", `bytes */${file.size}`);
    return new Response(null, { status: 416, headers: withoutContent(headers) });
  }
  const { start, end } = range ?? { start: 0, end: file.size - 1 };
  headers.set("content-length", String(end - start + 1));
  if (range) headers.set("content-range", `bytes ${start}-${end}/${file.size}`);
  const status = range ? 206 : 200;
  if (c.req.method === "HEAD") {
    return await blobs.stat(file.key) && new Response(null, { status, headers });
  }
  const bytes = await blobs.get(file.key, range ?? undefined);
  return bytes && new Response(whileRead(bytes), { status, headers });
}

function headersOf(file: Representation): Headers {
  const { type, etag, modifiedAt, disposition, cacheControl = PRIVATE } = file;
  return new Headers({
    "accept-ranges": "bytes",
    "cache-control": cacheControl,
    ...(disposition && { "content-disposition": disposition }),
    "content-type": type === "text/plain" ? "text/plain; charset=utf-8" : type,
    etag,
    "last-modified": modifiedAt.toUTCString(),
  });
}

/** Whether the client still wants what it would be sent (RFC 9110, 13.1.1 and 13.1.4). */
function isExpected(c: Context, { etag, modifiedAt }: Representation): boolean {
  const tags = c.req.header("if-match");
  if (tags !== undefined) return tags.split(",").some((tag) => ["*", etag].includes(tag.trim()));
  const since = Date.parse(c.req.header("if-unmodified-since") ?? "");
  // What is no date is not heeded; HTTP's dates have whole seconds.
  return Number.isNaN(since) || Math.floor(modifiedAt.getTime() / 1_000) * 1_000 <= since;
}

/** Whether the client has what it would be sent (RFC 9110, 13.1). */
function isFresh(c: Context, headers: Headers): boolean {
  const asked = {
    "if-none-match": c.req.header("if-none-match"),
    "if-modified-since": c.req.header("if-modified-since"),
    "cache-control": c.req.header("cache-control"),
  };
  return fresh(asked, {
    etag: headers.get("etag")!,
    "last-modified": headers.get("last-modified")!,
  });
}

/**
 * The part that is asked for; null for all, also where several parts are, or what is no range, and
 * for HEAD, which has none (RFC 9110, 14.2).
 */
function rangeOf(
  c: Context,
  { size }: Representation,
  headers: Headers,
): ByteRange | "unsatisfiable" | null {
  const asked = c.req.header("range");
  const condition = c.req.header("if-range");
  if (asked === undefined || c.req.method !== "GET") return null;
  if (
    condition !== undefined && condition !== headers.get("etag") &&
    condition !== headers.get("last-modified")
  ) return null;
  const { code, type, ranges } = parse(size, asked);
  if (type !== "bytes" || (code & INVALID) !== 0) return null;
  if (ranges.length === 0) return "unsatisfiable";
  const [only, ...others]: readonly Range[] = ranges;
  return others.length > 0 ? null : only!;
}

/** In `range-parser`'s codes: a header that is not to be heeded. */
const INVALID = 1;

const OF_CONTENT = [
  "cache-control",
  "content-type",
  "content-disposition",
  "etag",
  "last-modified",
];

/**
 * What describes content does not go with an answer that has none of it. Above all no cache may keep
 * it in the place of the content.
 */
function withoutContent(headers: Headers): Headers {
  for (const name of OF_CONTENT) headers.delete(name);
  return headers;
}

/** The same bytes, given up when nobody takes any for a while: their source would stay open. */
export function whileRead(
  bytes: AsyncIterable<Uint8Array>,
  silenceMs = SILENCE_MS,
): ReadableStream<Uint8Array> {
  const source = bytes[Symbol.asyncIterator]();
  /** When there were bytes that nobody has taken yet; null while the source is read. */
  let offeredAt: number | null = performance.now();
  let timer: ReturnType<typeof setTimeout>;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      // It looks again after a while: a timer for each part would cost some per cent of the throughput.
      const look = () => {
        const silence = offeredAt === null ? 0 : performance.now() - offeredAt;
        if (silence < silenceMs) {
          timer = setTimeout(look, silenceMs - silence);
          return;
        }
        controller.error(new Error("The reader has stopped."));
        source.return?.().catch(() => {});
      };
      timer = setTimeout(look, silenceMs);
    },
    async pull(controller) {
      offeredAt = null;
      const { done, value } = await source.next().catch((error) => {
        clearTimeout(timer);
        throw error;
      });
      offeredAt = performance.now();
      if (!done) return controller.enqueue(value);
      clearTimeout(timer);
      controller.close();
    },
    async cancel(reason) {
      clearTimeout(timer);
      await source.return?.(reason);
    },
  }, { highWaterMark: 0 });
}
