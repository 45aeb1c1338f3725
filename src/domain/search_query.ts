/** What somebody searches for: how it is read, what finds candidates, and what is a hit. */
import type { Message } from "./message.ts";
import { beginningTerm, pairTerm, type Word, wordsOf, wordTerm } from "./words.ts";

/** Words that follow each other. */
export interface Phrase {
  /** At least one. */
  words: readonly Word[];
  /** Whether the last word may go on. */
  isBeginning: boolean;
}

export interface SearchQuery {
  /** Each must occur; at least one. */
  wanted: readonly Phrase[];
  /** None may occur. */
  unwanted: readonly Phrase[];
}

/** A range of a text, in UTF-16 units. */
export type Range = [start: number, end: number];

/** What a message may have beside words. */
export type SearchedContent = "file" | "link";

/** What a message has; a link is an `http` or `https` address in its text. */
export function contentsOf(
  { text, attachments }: Pick<Message, "text" | "attachments">,
): SearchedContent[] {
  const isLinking = /https?:\/\/[^\s]/i.test(text);
  return [
    ...attachments.length > 0 ? ["file"] as const : [],
    ...isLinking ? ["link"] as const : [],
  ];
}

/** Words, phrases and exclusions of a query. */
const MAX_PHRASES = 64;

/** Terms by which the index is asked: with so many, those that it finds are hits as a rule. */
const MAX_TERMS = 64;

/** Ranges of a text: of more nobody has any use. */
const MAX_RANGES = 100;

/** Words that are compared in the time in which one is found in a text. */
const COMPARISONS = 4;

/** `"a phrase"`, of which the end may be missing, or what stands between blanks. */
const PART = /(?<minus>-?)(?:"(?<quoted>[^"]*)"?|(?<plain>[^\s"]+))/g;
/** The quotation marks that keyboards make of a plain one. */
const QUOTES = /[“”„‟«»＂]/g;

/**
 * Reads a query: words that must all occur, `"a phrase"`, `-without`; the last word that must is the
 * beginning of one. Whatever is none of this is looked for as the words in it, side by side.
 * @returns null if it holds no word that must occur, or more than is looked for at once
 */
export function parseQuery(text: string): SearchQuery | null {
  const parts = Array.from(text.replace(QUOTES, '"').matchAll(PART), ({ groups }) => {
    const { minus, quoted, plain } = groups!;
    const words = wordsOf(quoted ?? plain ?? "");
    return { words, isPlain: plain !== undefined, isWanted: !minus };
  }).filter(({ words }) => words.length > 0);
  const last = parts.findLast(({ isWanted }) => isWanted);
  const phrases = (isOf: boolean) =>
    distinct(
      parts.filter(({ isWanted }) => isWanted === isOf).map((part) => {
        const { words, isPlain } = part;
        const isBeginning = part === last && isPlain && !words.at(-1)!.isCharacter;
        return { words, isBeginning };
      }),
    );
  const [wanted, unwanted] = [phrases(true), phrases(false)];
  const count = wanted.length + unwanted.length;
  return wanted.length === 0 || count > MAX_PHRASES ? null : { wanted, unwanted };
}

function distinct(phrases: readonly Phrase[]): Phrase[] {
  const key = ({ words, isBeginning }: Phrase) =>
    JSON.stringify([isBeginning, ...words.map(({ text, isJoined }) => [text, isJoined])]);
  return [...new Map(phrases.map((phrase) => [key(phrase), phrase])).values()];
}

/** What `findIn` costs at most, in UTF-16 units of texts of which the words are found. */
export function costOf(text: string, { wanted, unwanted }: SearchQuery): number {
  const words = [...wanted, ...unwanted].reduce((sum, phrase) => sum + phrase.words.length, 0);
  return text.length * (1 + words / COMPARISONS);
}

/** At most 64 terms of the index that every hit has, the rarest first as far as that can be told. */
export function termsOfQuery({ wanted }: SearchQuery): string[] {
  const terms = new Set(wanted.flatMap(termsOfPhrase));
  return [...terms].sort((a, b) => b.length - a.length).slice(0, MAX_TERMS);
}

/**
 * Where a text has what is wanted: at most 100 ranges in ascending order, none touching another; null
 * if it is no hit.
 */
export function findIn(text: string, { wanted, unwanted }: SearchQuery): Range[] | null {
  const words = wordsOf(text);
  if (unwanted.some((phrase) => find(words, phrase).next().value)) return null;
  const ranges: Range[] = [];
  for (const phrase of wanted) {
    const found = [...find(words, phrase).take(MAX_RANGES)];
    if (found.length === 0) return null;
    ranges.push(...found);
  }
  return join(ranges).slice(0, MAX_RANGES);
}

function termsOfPhrase({ words, isBeginning }: Phrase): string[] {
  return words.map((word, i) => {
    if (word.isJoined) return pairTerm(words[i - 1]!, word);
    return isBeginning && i === words.length - 1 ? beginningTerm(word) : wordTerm(word);
  });
}

function* find(words: readonly Word[], { words: sought, isBeginning }: Phrase): Generator<Range> {
  const last = sought.length - 1;
  for (let at = 0; at + last < words.length; at++) {
    const isHere = sought.every((word, i) => {
      const { text, isJoined } = words[at + i]!;
      if (word.isJoined && !isJoined) return false;
      return text === word.text || isBeginning && i === last && text.startsWith(word.text);
    });
    if (isHere) yield [words[at]!.start, words[at + last]!.end];
  }
}

function join(ranges: Range[]): Range[] {
  const joined: Range[] = [];
  for (const [start, end] of ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const last = joined.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else joined.push([start, end]);
  }
  return joined;
}
