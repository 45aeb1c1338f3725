/** How well a name fits what somebody types to find it, whatever its case and accents. */
import { fold } from "./fold.ts";

/** The lower the better. */
export const FIT = {
  /** The query is the whole name. */
  whole: 0,
  /** It is the beginning of the name. */
  beginning: 1,
  /** Each of its words is the beginning of a word of the name. */
  words: 2,
  /** It is within the name. */
  within: 3,
  /** Its characters are in the name in this order, the first one at the beginning of a word. */
  scattered: 4,
} as const;

export type Fit = typeof FIT[keyof typeof FIT];

/** Compares names with one query. Returns null for a name that does not fit, and for a blank query. */
export function matcher(query: string): (name: string) => Fit | null {
  const folded = fold(query).trim();
  const words = wordsOf(folded);
  const characters = [...folded.replace(/\s/g, "")];
  return (name) => folded === "" ? null : fitOf(fold(name).trim(), folded, words, characters);
}

function fitOf(
  name: string,
  query: string,
  words: readonly string[],
  characters: readonly string[],
): Fit | null {
  if (name === query) return FIT.whole;
  if (name.startsWith(query)) return FIT.beginning;
  const own = wordsOf(name);
  const fits = (word: string) => own.some((known) => known.startsWith(word));
  if (words.length > 0 && words.every(fits)) return FIT.words;
  if (name.includes(query)) return FIT.within;
  return isScattered(name, own, characters) ? FIT.scattered : null;
}

function isScattered(name: string, words: readonly string[], characters: readonly string[]) {
  if (!words.some((word) => word.startsWith(characters[0]!))) return false;
  let place = 0;
  return characters.every((character) => {
    const found = name.indexOf(character, place);
    place = found + character.length;
    return found >= 0;
  });
}

function wordsOf(text: string): string[] {
  return text.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
}
