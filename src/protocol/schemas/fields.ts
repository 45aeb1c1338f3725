/** The fields of what clients send: what each may hold, and how it is normalised. */
import { z } from "zod";
import { avatarKey } from "../../domain/avatar.ts";
import type { JsonObject } from "../../domain/json.ts";
import { cleanName, hasControls, hasDirections, isVisible } from "../../domain/name.ts";
import {
  MAX_ADDED_MEMBERS,
  MAX_ATTACHMENTS,
  MAX_AVATAR_URL_LENGTH,
  MAX_CLIENT_MESSAGE_ID_LENGTH,
  MAX_COMMENT_LENGTH,
  MAX_DESCRIPTION_LENGTH,
  MAX_DISPLAY_NAME_LENGTH,
  MAX_EMAIL_LENGTH,
  MAX_EMOJI_NAME_LENGTH,
  MAX_ID_LENGTH,
  MAX_MENTIONS,
  MAX_METADATA_BYTES,
  MAX_METADATA_LEVELS,
  MAX_PAGE_SIZE,
  MAX_PASSWORD_BYTES,
  MAX_REASON_LENGTH,
  MAX_ROOM_NAME_LENGTH,
  MAX_TEXT_LENGTH,
  MIN_PASSWORD_LENGTH,
  PAGE_SIZE,
} from "../wire/limits.ts";

// A string with an unpaired surrogate is not Unicode text: a store would change it silently.
const wellFormed = (text: string) => text.isWellFormed();
const bytes = (text: string) => new TextEncoder().encode(text).length;
const SURROGATE_PAIRS = /[\ud800-\udbff][\udc00-\udfff]/g;
/** Lengths are counted in code points, not in UTF-16 units. */
const characters = (text: string) => text.length - (text.match(SURROGATE_PAIRS)?.length ?? 0);

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
export function trimmedText(min: number, max: number) {
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

/** Of answers, and of what clients have to name. */
export const EXAMPLE_ID = "01JA3V8Q5W6XKTB7N3C0R2D4F8";

/** What browsers accept in `<input type="email">` (HTML, 4.10.5.1.5). */
export const Email = z.string().trim().max(MAX_EMAIL_LENGTH)
  .email({ pattern: z.regexes.html5Email, error: "must be an email address" })
  .toLowerCase()
  .meta({ examples: ["ada@example.com"] });

/** In NFC, so that it is the same from every keyboard. */
export const Password = withoutNul.normalize("NFC")
  .refine(wellFormed, WELL_FORMED)
  .refine(
    (text) => characters(text) >= MIN_PASSWORD_LENGTH,
    `must be at least ${MIN_PASSWORD_LENGTH} characters`,
  )
  .refine(
    (text) => bytes(text) <= MAX_PASSWORD_BYTES,
    `must be at most ${MAX_PASSWORD_BYTES} bytes of UTF-8`,
  )
  .meta({
    minLength: MIN_PASSWORD_LENGTH,
    maxLength: MAX_PASSWORD_BYTES,
    format: "password",
    description: `${MIN_PASSWORD_LENGTH} characters to ${MAX_PASSWORD_BYTES} bytes of UTF-8`,
    examples: ["correct horse"],
  });

export const DisplayName = name(MAX_DISPLAY_NAME_LENGTH).meta({ examples: ["Ada"] });
export const RoomName = name(MAX_ROOM_NAME_LENGTH).meta({ examples: ["General"] });
/** Follows the rules of names, because it is shown beside them, but may have several lines. */
export const RoomDescription = trimmedText(0, MAX_DESCRIPTION_LENGTH)
  .refine((text) => !hasControls(text.replace(/[\t\n\r\u2028\u2029]/g, "")), NO_CONTROLS)
  .refine((text) => !hasDirections(text), NO_DIRECTIONS)
  .overwrite((text) => isVisible(text) ? text : "");
export const MessageText = trimmedText(1, MAX_TEXT_LENGTH).meta({ examples: ["Hello, room"] });
/** The text of a send, which may be empty beside attachments. */
export const SentText = trimmedText(0, MAX_TEXT_LENGTH).meta({ examples: ["Hello, room"] });

/** What is looked for in names. */
export const SearchText = trimmedText(0, MAX_DISPLAY_NAME_LENGTH);

/** Why somebody is banned, muted or reported. */
export const Reason = trimmedText(1, MAX_REASON_LENGTH).meta({ examples: ["Spam"] });

/** What somebody adds to a report, or to how it was closed. */
export const Comment = trimmedText(1, MAX_COMMENT_LENGTH);

/** When a ban or a mute ends. */
export const Until = z.iso.datetime({ offset: true, error: "must be a time in ISO 8601" })
  .refine((text) => Date.parse(text) > Date.now(), "must be in the future")
  .meta({ description: "ISO 8601, in the future; null or left out: it does not end" });

/** A ban or a mute. */
export const Restriction = z.object({
  until: Until.nullable().default(null),
  reason: Reason.nullable().default(null),
});

/** One emoji, or a name such as `party_parrot`; without U+FE0F, in which keyboards differ. */
export const Emoji = z.string().max(MAX_ID_LENGTH)
  .overwrite((text) => text.replaceAll("\ufe0f", ""))
  .refine(isEmoji, `must be one emoji, or a name of 1 to ${MAX_EMOJI_NAME_LENGTH} of a-z0-9_+-`)
  .meta({ examples: ["👍", "party_parrot"] });

/** Ids of users; each counts once. */
export const Mentions = z.array(z.string().min(1).max(MAX_ID_LENGTH)).max(MAX_MENTIONS)
  .overwrite((ids) => [...new Set(ids)]);

/** Ids of one's own files; each once. */
export const Attachments = z.array(z.string().min(1).max(MAX_ID_LENGTH)).max(MAX_ATTACHMENTS)
  .refine((ids) => new Set(ids).size === ids.length, "must not name a file twice")
  .meta({ uniqueItems: true });

/** The id of a user. */
export const UserId = z.string().min(1).max(MAX_ID_LENGTH);

/** Ids of users who are added to a room; each counts once. */
export const UserIds = z.array(UserId).max(MAX_ADDED_MEMBERS)
  .overwrite((ids) => [...new Set(ids)]);

/** In a query. */
export const Flag = z.enum(["true", "false"]).default("false").transform((text) => text === "true");

/** An app's own JSON object. */
export const Metadata = z.unknown()
  .refine(isObject, { error: "must be an object", abort: true })
  .refine((value) => !isDeeper(value, MAX_METADATA_LEVELS), {
    error: `must have at most ${MAX_METADATA_LEVELS} levels`,
    abort: true,
  })
  // Copies of the object would lose the field, or take it for their prototype.
  .refine((value) => !hasProto(value), { error: "must not have a field __proto__", abort: true })
  .refine((value) => bytes(JSON.stringify(value)) <= MAX_METADATA_BYTES, {
    error: `must be at most ${MAX_METADATA_BYTES} bytes as JSON`,
  })
  .meta({ type: "object" }) as z.ZodType<JsonObject>;

/**
 * An https URL; on the developer's own machine http will do. Or the path of the avatar that one has
 * already: whose it is, is decided on the profile.
 */
export const AvatarUrl = z.string().max(MAX_AVATAR_URL_LENGTH)
  .refine(wellFormed, WELL_FORMED)
  .refine(isAvatarUrl, "must be an https URL")
  .meta({ format: "uri-reference", examples: ["https://example.com/ada.png"] });

export const ClientMessageId = z.string().regex(
  new RegExp(`^[\\x20-\\x7e]{1,${MAX_CLIENT_MESSAGE_ID_LENGTH}}$`),
  `must be 1 to ${MAX_CLIENT_MESSAGE_ID_LENGTH} printable ASCII characters`,
).meta({ examples: ["6b1f7c1e-0001"] });

/** A room's id or slug. One that no room has is answered `room_not_found`. */
export const RoomReference = z.string().min(1).max(MAX_ID_LENGTH).meta({ examples: ["general"] });

/** A room in a path, by its id or slug. Whatever it is: one that no room has is `room_not_found`. */
export const RoomPath = z.object({ idOrSlug: z.string().meta({ examples: ["general"] }) });

/** A number of an entry in a room's log, or 0 for before the first. */
export const Cursor = z.int().min(0);

/** Whether a socket counts as being in its room, and gets typing and presence. */
export const Present = z.boolean().default(true).meta({
  description: "false: entries alone, and the socket is not counted",
});

/** An entry's id, as the server gave it. */
export const EntryId = z.string().min(1).max(MAX_ID_LENGTH);

export function isLocalHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return url?.protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
}

const EMOJI_NAME = new RegExp(`^[a-z0-9_+-]{1,${MAX_EMOJI_NAME_LENGTH}}$`);
/** Characters that are shown as text unless U+FE0F, or a skin tone, follows (UTS #51). */
const TEXT_EMOJI = /(?=\p{Emoji})\P{Emoji_Presentation}(?!\p{Emoji_Modifier})/gu;
const ONE_EMOJI = /^\p{RGI_Emoji}$/v;

function isEmoji(text: string): boolean {
  return EMOJI_NAME.test(text) || ONE_EMOJI.test(text.replace(TEXT_EMOJI, "$&\ufe0f"));
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether JSON has more levels of objects and lists, itself being the first. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1));
}

/** Whether an object in JSON has a field of this name. */
function hasProto(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.hasOwn(value, "__proto__") || Object.values(value).some(hasProto);
}

function isAvatarUrl(text: string): boolean {
  if (avatarKey(text) !== null) return true;
  // A URL parser drops NUL, tabs and blanks; the store and the readers of the text do not.
  if (!/^https?:\/\/[^\s\p{Cc}]+$/iu.test(text)) return false;
  return URL.parse(text)?.protocol === "https:" || isLocalHttpUrl(text);
}

/** Where a page of a list begins. */
export const PageCursor = z.string().max(1_024).meta({
  description: "`nextCursor` of the page before",
});

/** A whole number in a query: in digits alone, which `1e3` and blanks are not. */
export function inDigits<S extends z.ZodType<number>>(number: S) {
  const read = (text: unknown) => {
    return typeof text === "string" && /^\d{1,16}$/.test(text) ? Number(text) : text;
  };
  return z.preprocess(read, number);
}

/** Items on a page. */
export const Limit = inDigits(z.int().min(1).max(MAX_PAGE_SIZE)).default(PAGE_SIZE);

/** An id in an answer. */
export const Id = z.string().meta({ description: "opaque", examples: [EXAMPLE_ID] });
/** A time in an answer. */
export const Time = z.string().meta({ format: "date-time", description: "ISO 8601, UTC" });
