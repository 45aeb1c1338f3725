/** Compresses text for clients that accept gzip. */
import { gzipSync } from "node:zlib";
import type { Context } from "hono";
import { accepts } from "hono/accepts";

/** Below so many bytes, compressing costs more than it saves: the answer fits one packet anyway. */
const WORTHWHILE = 1024;
/** The fastest: it takes 0.1 ms for a page of history and leaves a quarter of it. */
const LEVEL = 1;

/**
 * Answers with text, compressed if it is long enough and the client accepts gzip. Not for answers that
 * hold a secret: together with text that others choose, the length would reveal it (BREACH).
 */
export function compressed(c: Context, text: string, contentType: string): Response {
  const headers = { "Content-Type": contentType };
  if (text.length < WORTHWHILE) return c.body(text, 200, headers);
  const isCompressed = acceptsGzip(c);
  const answer = c.body(isCompressed ? gzipSync(text, { level: LEVEL }) : text, 200, headers);
  // Set afterwards: Deno prepares an answer with more headers than its type, body included, in vain.
  answer.headers.set("vary", "Accept-Encoding");
  if (isCompressed) answer.headers.set("content-encoding", "gzip");
  return answer;
}

/** As `compressed`, for JSON. */
export function compressedJson(c: Context, value: unknown): Response {
  return compressed(c, JSON.stringify(value), "application/json");
}

/** Whether the client accepts gzip (RFC 9110, 12.5.3). */
export function acceptsGzip(c: Context): boolean {
  const supports = ["gzip"];
  return accepts(c, { header: "Accept-Encoding", supports, default: "identity" }) === "gzip";
}
