/** The fields that requests and events share: what each may hold, and how it is cleaned. */
import { z } from "zod";

// A string with an unpaired surrogate is not Unicode text: a store would change it silently.
const wellFormed = (text: string) => text.isWellFormed();
const bytes = (text: string) => new TextEncoder().encode(text).length;
/** Characters as people count them in limits: code points, not UTF-16 units. */
const characters = (text: string) => [...text].length;

/** No NUL: written so that the pattern means the same in every dialect of regular expressions. */
const NO_NUL = "^[^\\u0000]*$";
const NO_NUL_NOT_BLANK = "^[^\\u0000]*\\S[^\\u0000]*$";
const withoutNul = z.string().regex(new RegExp(NO_NUL), "must not contain NUL");

/** Text of `min` to `max` code points once it is trimmed, without NUL. */
function trimmedText(min: number, max: number) {
  return withoutNul.trim()
    .refine(wellFormed, "must be well-formed Unicode")
    .refine((text) => characters(text) >= min, min === 1 ? "must not be blank" : "is too short")
    .refine((text) => characters(text) <= max, `must be at most ${max} characters`)
    .meta({
      minLength: min,
      maxLength: max,
      pattern: min === 0 ? NO_NUL : NO_NUL_NOT_BLANK,
    });
}

export const Email = z.string().trim().toLowerCase().max(254).email("must be an email address")
  .meta({ examples: ["ada@example.com"] });

export const Password = withoutNul
  .refine(wellFormed, "must be well-formed Unicode")
  .refine((text) => characters(text) >= 8, "must be at least 8 characters")
  .refine((text) => bytes(text) <= 72, "must be at most 72 bytes of UTF-8")
  .meta({
    minLength: 8,
    maxLength: 72,
    format: "password",
    description: "8 characters to 72 bytes of UTF-8",
    examples: ["correct horse"],
  });

export const DisplayName = trimmedText(1, 50).meta({ examples: ["Ada"] });
export const RoomName = trimmedText(1, 80).meta({ examples: ["General"] });
export const RoomDescription = trimmedText(0, 500);
export const MessageText = trimmedText(1, 4_000).meta({ examples: ["Hello, room"] });

/** An https URL; on the developer's own machine http will do. */
export const AvatarUrl = z.string().max(2_048)
  .refine(wellFormed, "must be well-formed Unicode")
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

export function isLocalHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return url?.protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
}

function isAvatarUrl(text: string): boolean {
  // A URL parser drops NUL, tabs and blanks; the store and the readers of the text do not.
  if (!/^https?:\/\/[^\s\p{Cc}]+$/iu.test(text)) return false;
  return URL.parse(text)?.protocol === "https:" || isLocalHttpUrl(text);
}
