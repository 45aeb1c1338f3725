/** What the text before the caret can be completed to: a mention after `@`, an emoji after `:`. */

export interface Completion {
  readonly kind: "mention" | "emoji";
  /** Where the `@` or `:` is. */
  readonly start: number;
  /** Where the text to be replaced ends: the caret. */
  readonly end: number;
  /** What follows the `@` or `:`. */
  readonly query: string;
}

/** How far before the caret a completion may begin: more than the longest name. */
const REACH = 64;
/** With spaces, as names have them: a component closes its list when nobody is found. */
const MENTION = /(?<![\p{L}\p{N}_@])@((?!\s)[^\n@]{0,50})$/u;
/** From two characters on: `:)` and `:D` are not the beginnings of names. */
const EMOJI = /(?<![\p{L}\p{N}_:]):([a-z0-9_+-]{2,32})$/iu;
const NAMED_EMOJI = /(?<![\p{L}\p{N}_:]):([a-z0-9_+-]{1,32}):$/iu;

/** The completion that the caret is at the end of; null if there is none. */
export function completionAt(text: string, caret: number): Completion | null {
  return find(text, caret, "emoji", EMOJI) ?? find(text, caret, "mention", MENTION);
}

/** The `:name:` that the caret is just behind, with the name as its query; null if there is none. */
export function namedEmojiAt(text: string, caret: number): Completion | null {
  return find(text, caret, "emoji", NAMED_EMOJI);
}

function find(
  text: string,
  caret: number,
  kind: Completion["kind"],
  pattern: RegExp,
): Completion | null {
  const from = Math.max(0, caret - REACH);
  const match = pattern.exec(text.slice(from, caret));
  return match && { kind, start: from + match.index, end: caret, query: match[1]! };
}

/** The text with the completion replaced and followed by a space, and where the caret is then. */
export function complete(
  text: string,
  { start, end }: Completion,
  replacement: string,
): { text: string; caret: number } {
  const rest = text.slice(end);
  const inserted = /^\s/.test(rest) ? replacement : `${replacement} `;
  const caret = start + replacement.length + 1;
  return { text: text.slice(0, start) + inserted + rest, caret };
}
