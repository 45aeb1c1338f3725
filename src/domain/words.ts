/** The words of a text, as they are searched for: the one way to find them, in messages and queries. */

export interface Word {
  /** Without what does not matter: case, accents, width, vowel points. */
  text: string;
  /** Where it is in the text, in UTF-16 units. */
  start: number;
  end: number;
  /** Whether it is one character of a script that is searched for by pairs, not by words. */
  isCharacter: boolean;
  /** Whether nothing but the invisible is between it and the character before it, which is a word. */
  isJoined: boolean;
}

/** Marks that are optional where they are used: accents, Arabic and Hebrew vowel points. */
const OPTIONAL_MARKS =
  /[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]/g;

/** What is invisible inside of words; U+200B, which separates them, is not. */
const INVISIBLE = /(?!\u200b)\p{Default_Ignorable_Code_Point}/gu;

/** Letters that Unicode does not decompose, and what is written for them where they are missing. */
const BASE_LETTERS: Readonly<Record<string, string>> = {
  æ: "ae",
  œ: "oe",
  ø: "o",
  đ: "d",
  ð: "d",
  ħ: "h",
  ł: "l",
  ŋ: "n",
  ŧ: "t",
  þ: "th",
};
const WITH_BASE_LETTERS = new RegExp(`[${Object.keys(BASE_LETTERS).join("")}]`, "g");

/** What `fold` has made of one word may be several: `½` is 1 and 2. */
const PIECES = /[\p{L}\p{M}\p{N}]+/gu;

/** The form in which words are compared. */
export function fold(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  // Upper case first: ß becomes ss, and the dotless ı an i, as the dotted İ does.
  return text.normalize("NFKD").replace(OPTIONAL_MARKS, "").replace(INVISIBLE, "")
    .toUpperCase().toLowerCase().replaceAll("ς", "σ")
    .replace(WITH_BASE_LETTERS, (letter) => BASE_LETTERS[letter]!).normalize("NFC");
}

// Chinese, Japanese and Korean: what is looked for is often a part of what stands between spaces.
const CJK = "[[\\p{L}\\p{N}]&&[\\p{scx=Han}\\p{scx=Hira}\\p{scx=Kana}\\p{scx=Bopo}\\p{scx=Hang}]]";
/** Written without spaces, with words that only a dictionary finds. */
const UNSPACED = "[[\\p{L}\\p{N}]&&[\\p{sc=Thai}\\p{sc=Laoo}\\p{sc=Khmr}\\p{sc=Mymr}]]";
const INSIDE = "[\\p{M}[\\p{Default_Ignorable_Code_Point}--\\u200b]]";
/** One character: a syllable of Hangul may be written as its parts, a half-wide kana with its mark. */
const CHARACTER =
  `(?:[\\u1100-\\u115f]+[\\u1160-\\u11a7]*[\\u11a8-\\u11ff]*|${CJK}[${INSIDE}\\uff9e\\uff9f]*)`;
/**
 * What UAX #29 finds, and splits at punctuation, which it keeps inside of `1,000` and `don't`: for all
 * other scripts that is what stands between characters that are no letter, mark or number.
 */
const PARTS = new RegExp(
  `(?<characters>${CHARACTER}+)|(?<unspaced>${UNSPACED}[${UNSPACED}${INSIDE}]*)` +
    `|(?:[[\\p{L}\\p{N}]--${CJK}--${UNSPACED}]${INSIDE}*)+`,
  "gv",
);
const CHARACTERS = new RegExp(CHARACTER, "gv");
const DICTIONARY = new Intl.Segmenter("th", { granularity: "word" });

/**
 * The words of a text, in its order: by UAX #29, split at everything that is no letter, mark or
 * number; of Chinese, Japanese and Korean each character.
 */
export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  if (isAscii(text)) {
    const lower = text.toLowerCase();
    // Not matchAll(), which takes twice as long: every message comes by here.
    const pattern = /[a-z0-9]+/g;
    for (let match = pattern.exec(lower); match; match = pattern.exec(lower)) {
      add(words, match[0], match.index, pattern.lastIndex);
    }
    return words;
  }
  for (const { 0: part, index, groups } of text.matchAll(PARTS)) {
    if (groups?.characters) addCharacters(words, part, index);
    else if (groups?.unspaced) addSegments(words, part, index);
    else addFolded(words, part, index);
  }
  return words;
}

/** In UTF-16 units: of longer words no more is looked at when they are looked for. */
const MAX_TERM = 64;
/** The first of a pair, which is not to be parted from the second. */
const SURROGATE = /[\ud800-\udbff]/;
/** Lengths of the beginnings that are in the index; of longer ones and those between a shorter one. */
const BEGINNINGS = [5, 3, 1];

/** What a text is found by: its words, their beginnings, and pairs of characters. */
export function termsOf(words: readonly Word[]): string[] {
  const terms = new Set<string>();
  words.forEach((word, i) => {
    terms.add(wordTerm(word));
    if (word.isJoined) terms.add(pairTerm(words[i - 1]!, word));
    if (word.isCharacter) return;
    for (const length of BEGINNINGS) {
      const begin = beginning(word.text, length);
      if (begin) terms.add(begin);
    }
  });
  return [...terms];
}

/** Every text that has this word has the term. */
export function wordTerm({ text }: Pick<Word, "text">): string {
  return text.slice(0, MAX_TERM);
}

/** Every text that has these two characters side by side has the term. */
export function pairTerm(first: Pick<Word, "text">, second: Pick<Word, "text">): string {
  return first.text + second.text;
}

/** Every text with a word that begins like this has the term; so have some others. */
export function beginningTerm({ text }: Pick<Word, "text">): string {
  for (const length of BEGINNINGS) {
    const begin = beginning(text, length);
    if (begin) return begin;
  }
  throw new Error("a word has a character");
}

/** No word ends with U+2026. In UTF-16 units, but for whole characters; null of shorter words. */
function beginning(text: string, length: number): string | null {
  if (text.length < length) return null;
  const end = SURROGATE.test(text.charAt(length - 1)) ? length + 1 : length;
  return `${text.slice(0, end)}…`;
}

function addCharacters(words: Word[], part: string, at: number): void {
  const first = words.length;
  for (const { 0: character, index } of part.matchAll(CHARACTERS)) {
    // Where nothing is left of those before it, it is the first.
    const isJoined = words.length > first;
    add(words, fold(character), at + index, at + index + character.length, true, isJoined);
  }
}

function addSegments(words: Word[], part: string, at: number): void {
  for (const { segment, index } of DICTIONARY.segment(part)) addFolded(words, segment, at + index);
}

function addFolded(words: Word[], part: string, at: number): void {
  for (const [piece] of fold(part).matchAll(PIECES)) add(words, piece, at, at + part.length);
}

function add(
  words: Word[],
  text: string,
  start: number,
  end: number,
  isCharacter = false,
  isJoined = false,
): void {
  // Of a filler of Hangul nothing is left.
  if (text !== "") words.push({ text, start, end, isCharacter, isJoined });
}

function isAscii(text: string): boolean {
  return /^\p{ASCII}*$/u.test(text);
}
