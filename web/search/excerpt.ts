/** The part of a message around what was found in it. */
import { type Range, shownText } from "./shown_text.ts";

export interface Part {
  text: string;
  isHit: boolean;
}

/** UTF-16 units that are shown before the first hit, and of all. */
const BEFORE = 60;
const LENGTH = 280;

const characters = new Intl.Segmenter();

/**
 * One line, without markup; no character as its reader sees it is cut.
 * @param source the message's text
 * @param hits ranges of UTF-16 offsets in it, ascending, none touching another
 */
export function excerptOf(source: string, hits: readonly Range[]): Part[] {
  const { text, highlights } = shownText(source, hits);
  const first = highlights[0]?.[0] ?? 0;
  const start = first > 2 * BEFORE ? characterAt(text, first - BEFORE) : 0;
  const end = text.length - start > LENGTH ? characterAt(text, start + LENGTH) : text.length;
  const parts: Part[] = [];
  const add = (from: number, to: number, isHit: boolean) => {
    if (from < to) parts.push({ text: text.slice(from, to).replace(/\s+/g, " "), isHit });
  };
  if (start > 0) parts.push({ text: "…", isHit: false });
  let place = start;
  for (const [from, to] of highlights) {
    if (from >= end) break;
    add(place, from, false);
    add(from, Math.min(to, end), true);
    place = Math.min(to, end);
  }
  add(place, end, false);
  if (end < text.length) parts.push({ text: "…", isHit: false });
  return parts;
}

/** Where the character begins that holds an offset. */
function characterAt(text: string, offset: number): number {
  return characters.segment(text).containing(offset)?.index ?? text.length;
}
