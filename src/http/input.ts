/** Checks a request's body and query before the route runs. */
import { createMiddleware } from "hono/factory";
import { validator } from "hono-openapi";
import type { z } from "zod";
import { ChatError, type ErrorCode, unavailable } from "../domain/errors.ts";
import { invalidInput } from "../protocol/input_errors.ts";
import { MAX_FRAME_BYTES } from "../protocol/wire/limits.ts";
import type { Env } from "./context.ts";

/**
 * Lets only JSON pass: its media type (415), size (413), UTF-8 and syntax (`invalid_json`).
 * @param isDraining whether the server is shutting down, which cuts bodies off too (503)
 */
export function requireJson(isDraining: () => boolean) {
  return createMiddleware<Env>(async (c, next) => {
    const mediaType = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
    if (mediaType !== "application/json") {
      throw new ChatError("unsupported_media_type", "Send the body as application/json.");
    }
    const text = decode(await readBody(c.req.raw, isDraining, JSON_BODY));
    parse(text);
    // Hono keeps promises here, whatever its type says.
    c.req.bodyCache.text = Promise.resolve(text) as unknown as string;
    await next();
  });
}

/** As `requireJson`, of routes whose body may be missing, because all of its fields may. */
export function optionalJson(isDraining: () => boolean) {
  const required = requireJson(isDraining);
  return createMiddleware<Env>(async (c, next) => {
    const { body, headers } = c.req.raw;
    // Without either header a request of HTTP/1.1 has no body (RFC 9112, 6.3).
    const isEmpty = body === null || headers.get("content-length") === "0" ||
      !headers.has("content-length") && !headers.has("transfer-encoding");
    if (!isEmpty) return await required(c, next);
    // Many clients name the type of a body that they leave out.
    c.req.bodyCache.text = Promise.resolve("{}") as unknown as string;
    await next();
  });
}

/** Checks the JSON body against a schema; the route gets the result. */
export function jsonBody<S extends z.ZodType>(schema: S) {
  return validator("json", schema, refuse);
}

/** Checks the query against a schema. */
export function query<S extends z.ZodType>(schema: S) {
  return validator("query", schema, refuse);
}

/** Checks what the path names. */
export function path<S extends z.ZodType>(schema: S) {
  return validator("param", schema, refuse);
}

function refuse(result: { success: boolean; error?: Parameters<typeof invalidInput>[0] }): void {
  if (!result.success) throw invalidInput(result.error ?? []);
}

/** What a body may be, and the codes of those that are not. */
export interface BodyLimit {
  bytes: number;
  /** How long it may take to come: so many bytes are held for it. */
  milliseconds: number;
  tooLarge: [code: ErrorCode, message: string];
  incomplete: ErrorCode;
}

const JSON_BODY: BodyLimit = {
  bytes: MAX_FRAME_BYTES,
  milliseconds: 30_000,
  tooLarge: ["payload_too_large", "A body holds at most 64 KiB."],
  incomplete: "invalid_json",
};

/** Reads at most as much of the body as is allowed, whatever length it declares. */
export async function readBody(
  request: Request,
  isDraining: () => boolean,
  limit: BodyLimit,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(limit.bytes);
  let length = 0;
  try {
    for await (const chunk of inTime(request.body, limit.milliseconds)) {
      if (length + chunk.length > limit.bytes) throw new ChatError(...limit.tooLarge);
      bytes.set(chunk, length);
      length += chunk.length;
    }
  } catch (cause) {
    if (cause instanceof ChatError) throw cause;
    // Closing the listener cuts off the bodies of requests that are still being read.
    if (isDraining()) throw unavailable("The server is restarting.", cause);
    throw new ChatError(limit.incomplete, "The body is incomplete.", { cause });
  }
  return bytes.subarray(0, length);
}

/** The parts of a body, which is cancelled if it takes longer. */
async function* inTime(body: Request["body"], milliseconds: number): AsyncGenerator<Uint8Array> {
  if (!body) return;
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    cancel();
  }, milliseconds);
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (isLate) throw new Error("It took too long.");
      if (done) return;
      yield value;
    }
  } finally {
    clearTimeout(timer);
    cancel();
  }
}

function decode(body: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch (cause) {
    throw new ChatError("invalid_json", "The body is not UTF-8.", { cause });
  }
}

function parse(text: string): void {
  try {
    JSON.parse(text);
  } catch (cause) {
    throw new ChatError("invalid_json", "The body is not JSON.", { cause });
  }
}
