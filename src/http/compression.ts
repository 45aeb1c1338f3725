/** Compresses text for those who take it compressed. */
import { gzipSync } from "node:zlib";
import type { Context } from "hono";
import { accepts } from "hono/accepts";

/** Below so many bytes, compressing costs more than it saves: the answer fits one packet anyway. */
const WORTHWHILE = 1024;
/** The fastest: it takes 0.1 ms for a page of history and leaves a quarter of it. */
const LEVEL = 1;

/**
 * Answers with text, compressed if it is long enough and the client takes gzip. Not for answers that
 * hold a secret: beside text of somebody else's choice, its length would tell about it (BREACH).
 */
export function compressed(c: Context, text: string, contentType: string): Response {
  const headers: Record<string, string> = { "Content-Type": contentType };
  if (text.length < WORTHWHILE) return c.body(text, 200, headers);
  headers.Vary = "Accept-Encoding";
  if (!takesGzip(c)) return c.body(text, 200, headers);
  headers["Content-Encoding"] = "gzip";
  return c.body(gzipSync(text, { level: LEVEL }), 200, headers);
}

/** As `compressed`, for JSON. */
export function compressedJson(c: Context, value: unknown): Response {
  return compressed(c, JSON.stringify(value), "application/json");
}

/** Whether the client takes gzip (RFC 9110, 12.5.3). */
export function takesGzip(c: Context): boolean {
  const supports = ["gzip"];
  return accepts(c, { header: "Accept-Encoding", supports, default: "identity" }) === "gzip";
}
