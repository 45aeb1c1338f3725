/** A message's text as its reader sees it, without marks, and where in that the hits are. */
import { piecesOf } from "../text/plain_text.ts";

export type Range = readonly [start: number, end: number];

export interface ShownText {
  text: string;
  highlights: Range[];
}

/** Before what a backslash escapes, and around newlines: what is between stands so in the text. */
const CUTS = /(?<=\n)|(?=[\n\\`*_~[\]])/;

/**
 * What is not shown, such as the address of a named link, has no highlight.
 * @param highlights ranges of UTF-16 offsets in `text`, ascending; the result's are in its own text
 */
export function shownText(text: string, highlights: readonly Range[]): ShownText {
  let shown = "";
  /** Where each UTF-16 unit of what is shown comes from; ascending. */
  const origins: number[] = [];
  let position = 0;
  for (const piece of piecesOf(text)) {
    for (const part of piece.isJoint ? [piece.text] : piece.text.split(CUTS)) {
      const start = piece.isJoint ? -1 : text.indexOf(part, position);
      for (let i = 0; i < part.length; i++) origins.push(start < 0 ? position : start + i);
      if (start >= 0) position = start + part.length;
      shown += part;
    }
  }
  const placeOf = (offset: number) => {
    const place = origins.findIndex((origin) => origin >= offset);
    return place < 0 ? shown.length : place;
  };
  return {
    text: shown,
    highlights: highlights.map(([start, end]) => [placeOf(start), placeOf(end)] as const)
      .filter(([start, end]) => start < end),
  };
}
