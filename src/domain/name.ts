/** Names of users and rooms: how they are cleaned, and which characters they may contain. */
import { fold } from "./words.ts";

/**
 * Characters that would break a name out of its line: control characters (C0, C1), the separators of lines and
 * paragraphs, and what annotates other text.
 */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\ufff9-\ufffb]/u;

/**
 * Embeddings, overrides and isolates (UAX #9), which reach over the end of a name and reorder what
 * stands beside it, and the deprecated U+206A to U+206F. The marks LRM, RLM and ALM have no such
 * reach inside a name, and names of mixed direction need them.
 */
const DIRECTIONS = /[\u202a-\u202e\u2066-\u206f]/u;

/**
 * A character that is visible by itself: no spaces, format and default-ignorable characters,
 * combining marks, which need a base character, nor the letters and symbols that are blank.
 */
const VISIBLE =
  /[[\p{L}\p{N}\p{P}\p{S}\p{Mc}\p{Co}\p{Cn}]--[\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u2800\ufffc\u{13441}\u{13442}\u{1d159}]]/v;

/**
 * What is cut off at both ends: spaces, blank letters, and invisible characters that mean nothing
 * there. Joiners, variation selectors and tags stay, because scripts and emoji end with them.
 */
const EDGE =
  "[\\p{White_Space}\\u00ad\\u061c\\u115f\\u1160\\u180e\\u200b\\u200e\\u200f\\u2060-\\u2064\\u2800\\u3164\\ufeff\\uffa0]+";
const EDGES = new RegExp(`^${EDGE}|${EDGE}$`, "gu");

/** The name in NFC (UAX #15), without what is blank at its ends. */
export function cleanName(text: string): string {
  return text.normalize("NFC").replace(EDGES, "");
}

/** Whether the text contains at least one visible character. */
export function isVisible(text: string): boolean {
  return VISIBLE.test(text);
}

/** Whether the text holds line breaks or control characters. */
export function hasControls(text: string): boolean {
  return CONTROLS.test(text);
}

/** Whether the text holds characters that change the direction of what stands beside it. */
export function hasDirections(text: string): boolean {
  return DIRECTIONS.test(text);
}

/**
 * The name for a sentence of the server: names older than these rules are cleaned as well, others are
 * unchanged.
 */
export function nameInSentence(name: string): string {
  if (!hasControls(name) && !hasDirections(name) && isVisible(name)) return name;
  const safe = [...name].map((c) => hasControls(c) || hasDirections(c) ? " " : c).join("");
  return isVisible(safe) ? cleanName(safe) : "Somebody";
}

const WORDS = new Intl.Segmenter("en", { granularity: "word" });

/**
 * Whether a name has the beginning of each word of `query`, whatever the case and accents. The last
 * words of both may be incomplete.
 */
export function hasWord(name: string, query: string): boolean {
  const words = nameWords(name);
  return nameWords(query).every((begin) => words.some((word) => word.startsWith(begin)));
}

/**
 * The words of a name in the form in which they are compared: case and accents folded. A name without
 * a word, such as one of emoji, is one as a whole.
 */
export function nameWords(text: string): string[] {
  const folded = fold(text).replace(/['’]/g, " ");
  const words = [...WORDS.segment(folded)].filter(({ isWordLike }) => isWordLike);
  if (words.length > 0) return words.map(({ segment }) => segment);
  const whole = folded.trim();
  return whole === "" ? [] : [whole];
}
