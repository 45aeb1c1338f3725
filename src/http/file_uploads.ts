/** The bytes of a file out of the body of a request: the body itself, or the file of a form. */
import { finished, Readable } from "node:stream";
import { Busboy, type BusboyHeaders, type BusboyInstance } from "@fastify/busboy";
import type { Upload } from "../application/files/upload_file.ts";
import { within } from "../async/deadline.ts";
import { ChatError } from "../domain/errors.ts";

/** The field of a form that has the file. */
const FIELD = "file";
/** Of what may be in a form beside it. */
const LIMITS = { files: 20, fields: 20, fieldSize: 1_024, parts: 21, headerPairs: 50 };
/** How long a form's file may take to begin, and what is behind it to end. */
const PATIENCE_MS = 30_000;

const FORM = /^multipart\/form-data\b/i;

/**
 * What a request uploads, without reading more of it than where that begins.
 * @param name as the query has it
 * @throws ChatError `validation_failed` for a form without a file
 */
export async function readUpload(request: Request, name?: string): Promise<Upload> {
  const { headers, body } = request;
  const type = headers.get("content-type");
  if (type !== null && FORM.test(type)) {
    const file = await readForm(type, body ?? emptyBody());
    return { ...file, name: name ?? file.name };
  }
  return {
    name: name ?? "",
    declaredType: type,
    declaredSize: declaredSize(request),
    bytes: body ?? emptyBody(),
  };
}

/** How many bytes a request says that its file has; 0 if it does not, as no form does. */
export function declaredSize({ headers }: Request): number {
  const isForm = FORM.test(headers.get("content-type") ?? "");
  return isForm ? 0 : Number(headers.get("content-length") ?? 0);
}

/** RFC 7578. How long the file is, the length of the form does not tell. */
async function readForm(type: string, body: ReadableStream<Uint8Array>): Promise<Upload> {
  const source = Readable.fromWeb(body as never);
  const file = Promise.withResolvers<Upload>();
  // It may be refused before anybody waits for it.
  file.promise.catch(() => {});
  try {
    const parser = newParser(type);
    let isFound = false;
    parser.on("file", (field, stream, filename, _encoding, declaredType) => {
      if (field !== FIELD || isFound) return void stream.on("error", () => {}).resume();
      isFound = true;
      const bytes = streamOf(stream, source);
      file.resolve({ name: filename ?? "", declaredType, declaredSize: 0, bytes });
    });
    parser.on("error", (error: unknown) => file.reject(malformed(error)));
    parser.on("finish", () => file.reject(malformed(null)));
    source.on("error", (error) => parser.destroy(error));
    source.pipe(parser);
    return await within(file.promise, PATIENCE_MS, () => {
      throw malformed(null);
    });
  } catch (error) {
    source.destroy();
    throw error instanceof ChatError ? error : malformed(error);
  }
}

function newParser(type: string): BusboyInstance {
  const headers: BusboyHeaders = { "content-type": type };
  return new Busboy({ headers, limits: LIMITS, isPartAFile });
}

/** What has a name or is binary, and the file itself, which may say nothing of either. */
function isPartAFile(field?: string, type?: string, name?: string): boolean {
  return field === FIELD || name !== undefined || type === "application/octet-stream";
}

/** The file's bytes; the rest of the form is read, unless that is given up. */
function streamOf(stream: Readable, source: Readable): ReadableStream<Uint8Array> {
  const fault = Promise.withResolvers<never>();
  fault.promise.catch(() => {});
  let isBroken = false;
  const onFault = (error: unknown) => {
    isBroken = true;
    fault.reject(malformed(error));
  };
  // A form that ends too early is one only as an event: its stream just ends.
  stream.on("error", onFault);
  finished(source, (error) => error && onFault(error));
  const chunks = stream[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await Promise.race([chunks.next(), fault.promise]);
      if (isBroken) return await fault.promise;
      if (!done) return controller.enqueue(value);
      controller.close();
      const timer = setTimeout(() => source.destroy(), PATIENCE_MS);
      finished(source, () => clearTimeout(timer));
    },
    cancel() {
      stream.destroy();
      source.destroy();
    },
  }, { highWaterMark: 0 });
}

function malformed(cause: unknown): ChatError {
  const message = `Send a form with one file, in its field "${FIELD}".`;
  return new ChatError("validation_failed", message, { cause });
}

function emptyBody(): ReadableStream<Uint8Array> {
  return new Blob([]).stream();
}
