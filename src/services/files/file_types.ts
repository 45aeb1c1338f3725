/** What a file is: found from its first bytes, whatever its name and its sender say. */
import { fileTypeFromBuffer } from "file-type";
import { ChatError } from "../../domain/errors.ts";

/** How many of a file's first bytes `detectType` looks at, if the file has as many. */
export const HEAD_BYTES = 65_536;

/** What is accepted beside text, audio and video, by what `file-type` calls it. */
const ACCEPTED = new Map([
  ["image/png", "image/png"],
  // Cleaning keeps its first frame.
  ["image/apng", "image/png"],
  ["image/jpeg", "image/jpeg"],
  ["image/gif", "image/gif"],
  ["image/webp", "image/webp"],
  ["image/avif", "image/avif"],
  ["application/pdf", "application/pdf"],
  ["application/zip", "application/zip"],
  ["audio/x-m4a", "audio/mp4"],
  ["video/x-m4v", "video/mp4"],
]);

const OOXML = "application/vnd.openxmlformats-officedocument";
const ODF = "application/vnd.oasis.opendocument";
/** Office files that are archives, by the end of their names; those with macros are refused. */
const ARCHIVES = new Map([
  ["docx", `${OOXML}.wordprocessingml.document`],
  ["xlsx", `${OOXML}.spreadsheetml.sheet`],
  ["pptx", `${OOXML}.presentationml.presentation`],
  ["odt", `${ODF}.text`],
  ["ods", `${ODF}.spreadsheet`],
  ["odp", `${ODF}.presentation`],
]);
/** Office files in the container that also installers have: only the name tells them apart. */
const COMPOUND = new Map([
  ["doc", "application/msword"],
  ["xls", "application/vnd.ms-excel"],
  ["ppt", "application/vnd.ms-powerpoint"],
]);
for (const type of ARCHIVES.values()) ACCEPTED.set(type, type);

/** What binary data has and text does not (WHATWG MIME Sniffing, 3): not tab, line ends and escape. */
// deno-lint-ignore no-control-regex
const BINARY = /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/;

/**
 * The media type as which a file is kept and served. The bytes decide. What is sent along is asked
 * only where bytes leave it open: whether a container of sound and pictures has pictures, and which
 * office file an archive is. Everything that reads as text, markup and programs too, is `text/plain`,
 * whatever its encoding is.
 * @param head the first `HEAD_BYTES` of the file, or all of it if it is shorter
 * @param declared the `Content-Type` that was sent
 * @throws ChatError `unsupported_media_type` for types that are not accepted, empty files, and what
 * is said to be an image and is none
 */
export async function detectType(
  head: Uint8Array,
  declared: string | null,
  name: string,
): Promise<string> {
  const said = essence(declared ?? "");
  const type = head.length === 0 ? null : await findType(head, said, name);
  if (type === null) throw unsupported("Files of this type are not accepted.");
  if (said.startsWith("image/") && !isImage(type)) throw unsupported("The file is not an image.");
  return type;
}

/** Whether a browser may show the type in its place; all others are attachments. */
export function isInline(type: string): boolean {
  return /^(image|audio|video)\//.test(type);
}

/** Whether the type is one of images, which are cleaned before they are kept. */
export function isImage(type: string): boolean {
  return type.startsWith("image/");
}

async function findType(head: Uint8Array, said: string, name: string): Promise<string | null> {
  const found = await signature(head);
  // A PDF may be all ASCII. No other accepted type can be text: a text that begins like one is text.
  if (found !== "application/pdf" && isUnicode(head)) return "text/plain";
  if (found === "" && isText(head, "latin1")) return "text/plain";
  const extension = name.split(".").at(-1)!.toLowerCase();
  if (found === "application/zip") return ARCHIVES.get(extension) ?? found;
  if (found === "application/x-cfb") return COMPOUND.get(extension) ?? null;
  if (/^(audio|video)\//.test(found)) return asDeclared(ACCEPTED.get(found) ?? found, said);
  return ACCEPTED.get(found) ?? null;
}

/** What `file-type` finds; empty if nothing. */
async function signature(head: Uint8Array): Promise<string> {
  // It throws on some files that break off, and on archives made to confuse it.
  const found = await fileTypeFromBuffer(head).catch(() => undefined);
  return essence(found?.mime ?? "");
}

/** The same containers hold films and sound alone: `video/webm` may be said to be `audio/webm`. */
function asDeclared(found: string, said: string): string {
  return said === found.replace("video/", "audio/") ? said : found;
}

function isUnicode(head: Uint8Array): boolean {
  const [first, second] = head;
  if (first === 0xff && second === 0xfe) return isText(head, "utf-16le");
  if (first === 0xfe && second === 0xff) return isText(head, "utf-16be");
  return isText(head, "utf-8");
}

/** Whether the bytes are text of this encoding without control characters. */
function isText(head: Uint8Array, encoding: string): boolean {
  const decoder = new TextDecoder(encoding, { fatal: true });
  try {
    // The head of a longer file may end within a character.
    return !BINARY.test(decoder.decode(head, { stream: head.length >= HEAD_BYTES }));
  } catch {
    return false;
  }
}

/** A media type in lower case, without its parameters. */
function essence(type: string): string {
  return type.split(";")[0]!.trim().toLowerCase();
}

function unsupported(message: string): ChatError {
  return new ChatError("unsupported_media_type", message);
}
