/** The fields that requests and events share: what each may hold, and how it is cleaned. */
import { z } from "zod";
import { cleanName, hasControls, hasDirections, isVisible } from "../domain/name.ts";

// A string with an unpaired surrogate is not Unicode text: a store would change it silently.
const wellFormed = (text: string) => text.isWellFormed();
const bytes = (text: string) => new TextEncoder().encode(text).length;
/** Characters as people count them in limits: code points, not UTF-16 units. */
const characters = (text: string) => [...text].length;

/** No NUL: written so that the pattern means the same in every dialect of regular expressions. */
const NO_NUL = "^[^\\u0000]*$";
const NO_NUL_NOT_BLANK = "^[^\\u0000]*\\S[^\\u0000]*$";
const withoutNul = z.string().regex(new RegExp(NO_NUL), "must not contain NUL");

const WELL_FORMED = "must be well-formed Unicode";
const NO_CONTROLS = "must not contain control characters";
const NO_DIRECTIONS = "must not contain direction overrides";

/** What no name holds, and a name without it that is not blank. */
const UNFIT = "\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u206f\\ufff9-\\ufffb";
const NAME = `^[^${UNFIT}]*[^\\s${UNFIT}][^${UNFIT}]*$`;

/** Text of `min` to `max` code points once it is trimmed, without NUL. */
function trimmedText(min: number, max: number) {
  return withoutNul.trim()
    .refine(wellFormed, WELL_FORMED)
    .refine((text) => characters(text) >= min, min === 1 ? "must not be blank" : "is too short")
    .refine((text) => characters(text) <= max, `must be at most ${max} characters`)
    .meta({
      minLength: min,
      maxLength: max,
      pattern: min === 0 ? NO_NUL : NO_NUL_NOT_BLANK,
    });
}

/** A name of 1 to `max` code points once it is cleaned: one line that shows something. */
function name(max: number) {
  return z.string().overwrite(cleanName)
    .refine(wellFormed, WELL_FORMED)
    .refine((text) => !hasControls(text), NO_CONTROLS)
    .refine((text) => !hasDirections(text), NO_DIRECTIONS)
    .refine(isVisible, "must not be blank")
    .refine((text) => characters(text) <= max, `must be at most ${max} characters`)
    .meta({ minLength: 1, maxLength: max, pattern: NAME });
}

/** What browsers accept in `<input type="email">` (HTML, 4.10.5.1.5). */
export const Email = z.string().trim().max(254)
  .email({ pattern: z.regexes.html5Email, error: "must be an email address" })
  .toLowerCase()
  .meta({ examples: ["ada@example.com"] });

/** In NFC, so that it is the same from every keyboard. */
export const Password = withoutNul.normalize("NFC")
  .refine(wellFormed, WELL_FORMED)
  .refine((text) => characters(text) >= 8, "must be at least 8 characters")
  .refine((text) => bytes(text) <= 72, "must be at most 72 bytes of UTF-8")
  .meta({
    minLength: 8,
    maxLength: 72,
    format: "password",
    description: "8 characters to 72 bytes of UTF-8",
    examples: ["correct horse"],
  });

export const DisplayName = name(50).meta({ examples: ["Ada"] });
export const RoomName = name(80).meta({ examples: ["General"] });
/** Shown beside names, so that it keeps to their rules, but over several lines. */
export const RoomDescription = trimmedText(0, 500)
  .refine((text) => !hasControls(text.replace(/[\t\n\r\u2028\u2029]/g, "")), NO_CONTROLS)
  .refine((text) => !hasDirections(text), NO_DIRECTIONS)
  .overwrite((text) => isVisible(text) ? text : "");
export const MessageText = trimmedText(1, 4_000).meta({ examples: ["Hello, room"] });

/** An https URL; on the developer's own machine http will do. */
export const AvatarUrl = z.string().max(2_048)
  .refine(wellFormed, WELL_FORMED)
  .refine(isAvatarUrl, "must be an https URL")
  .meta({ format: "uri", examples: ["https://example.com/ada.png"] });

export const ClientMessageId = z.string().regex(
  /^[\x20-\x7e]{1,64}$/,
  "must be 1 to 64 printable ASCII characters",
).meta({ examples: ["6b1f7c1e-0001"] });

/** A room's id or slug. Whatever no room has is answered `room_not_found`. */
export const RoomReference = z.string().min(1).max(128).meta({ examples: ["general"] });

/** A number of an entry in a room's log, or 0 for before the first. */
export const Cursor = z.int().min(0);

/** An entry's id, as the server gave it. */
export const EntryId = z.string().min(1).max(128);

export function isLocalHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return url?.protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
}

function isAvatarUrl(text: string): boolean {
  // A URL parser drops NUL, tabs and blanks; the store and the readers of the text do not.
  if (!/^https?:\/\/[^\s\p{Cc}]+$/iu.test(text)) return false;
  return URL.parse(text)?.protocol === "https:" || isLocalHttpUrl(text);
}
