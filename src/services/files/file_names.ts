/** The names of files: made safe for every system they are saved on, and for the header that has them. */
import { create } from "content-disposition";
import { cleanName, hasControls, hasDirections, isVisible } from "../../domain/name.ts";

/** In UTF-16 units. */
const MAX_LENGTH = 255;
/** In UTF-16 units, with its dot; what is longer is no extension. */
const EXTENSION = /\.[^.\s]{1,20}$/u;
/** What names of files cannot hold on Windows. */
const RESERVED = /[<>:"|?*]/g;
/** Devices on Windows, also with an extension behind them. */
const DEVICES = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)/i;

/**
 * A name under which the file can be saved anywhere: the last part of a path, without control
 * characters, direction overrides and what systems reserve, in NFC, at most 255 UTF-16 units with its
 * extension kept. A name of which nothing is left is `file`; none is refused.
 */
export function cleanFileName(name: string): string {
  const last = name.toWellFormed().split(/[/\\]/).at(-1)!;
  const visible = Array.from(last)
    .filter((character) => !hasControls(character) && !hasDirections(character))
    .join("")
    .replace(RESERVED, "_");
  const trimmed = trimDots(cleanName(visible)).replace(DEVICES, "_$&");
  const short = trimDots(shorten(trimmed));
  return isVisible(short) ? short : "file";
}

/**
 * The `Content-Disposition` of a file (RFC 6266), its name in ASCII and, if it has more, in UTF-8
 * (RFC 8187).
 * @param name as `cleanFileName` makes it
 */
export function contentDisposition(name: string, inline: boolean): string {
  return create(name, { type: inline ? "inline" : "attachment" });
}

/** Dots at the beginning hide a file, and Windows drops them at the end. */
function trimDots(name: string): string {
  return cleanName(name.replace(/^[.\s]+|[.\s]+$/gu, ""));
}

/** The name cut to what is allowed, between two characters and before its extension. */
function shorten(name: string): string {
  if (name.length <= MAX_LENGTH) return name;
  const extension = EXTENSION.exec(name)?.[0] ?? "";
  const stem = name.slice(0, MAX_LENGTH - extension.length);
  const isSplit = /[\ud800-\udbff]$/.test(stem);
  return (isSplit ? stem.slice(0, -1) : stem) + extension;
}
