/** A message's text as a tree: paragraphs, quotes, lists and code. Nothing in it is read as HTML. */
import { type Inline, parseInline } from "./inline_markup.ts";

export type { Inline } from "./inline_markup.ts";

export type Block =
  | { readonly type: "paragraph"; readonly children: readonly Inline[] }
  /** The language as it was written; `""` if there is none. */
  | { readonly type: "code"; readonly language: string; readonly text: string }
  | { readonly type: "quote"; readonly children: readonly Block[] }
  /** `start` is the first number, or null for a list with bullets. */
  | {
    readonly type: "list";
    readonly start: number | null;
    readonly items: readonly (readonly Block[])[];
  };

/** How deep quotes and lists may be within each other; below that their marks are text. */
const MAX_DEPTH = 4;

const BLANK = /^\s*$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})([^`]*)$/;
const FENCED_LINE = /^ {0,3}```([^`]+)```\s*$/;
const LANGUAGE = /^[\w+#.-]{1,32}$/;
/** Not `>:(` or `>_<`. */
const QUOTED = /^ {0,3}>(?: |(?=>)|$)/;
const ITEM = /^(\s*)([-*]|\d{1,3}[.)])\s+(?=\S)/;

/**
 * Parses the Markdown that people use in a chat: CommonMark's quotes, lists, code, links and emphasis,
 * with single newlines as line breaks. Headings, rules, tables, images, HTML and entities are text.
 * Quotes and lists end with the first line that is not marked or indented, and a fence without an end
 * reaches to the end of the text. The time is linear in the length.
 * @param names what is a mention after an `@`, such as the display names of the users mentioned
 */
export function parseMarkup(text: string, names: readonly string[] = []): Block[] {
  return parseBlocks(text.replace(/\r\n?/g, "\n").split("\n"), names, 0);
}

function parseBlocks(lines: string[], names: readonly string[], depth: number): Block[] {
  const blocks: Block[] = [];
  const isDeep = depth >= MAX_DEPTH;
  let index = 0;
  while (index < lines.length) {
    if (BLANK.test(lines[index]!)) {
      index++;
      continue;
    }
    const found = readCode(lines, index) ??
      (isDeep ? null : readQuote(lines, index, names, depth)) ??
      (isDeep ? null : readList(lines, index, names, depth)) ??
      readParagraph(lines, index, names, depth);
    blocks.push(found.block);
    index = found.end;
  }
  return blocks;
}

/** A block, and the index of the line after it. */
interface Found {
  block: Block;
  end: number;
}

function readCode(lines: string[], start: number): Found | null {
  const single = FENCED_LINE.exec(lines[start]!);
  if (single) return { block: { type: "code", language: "", text: single[1]! }, end: start + 1 };
  const opening = FENCE.exec(lines[start]!);
  if (!opening) return null;
  const [, fence, info] = opening as unknown as [string, string, string];
  const code: string[] = [];
  const language = LANGUAGE.test(info.trim()) ? info.trim() : "";
  // What cannot be the name of a language is code.
  if (language === "" && !BLANK.test(info)) code.push(info);
  let end = start + 1;
  for (; end < lines.length; end++) {
    const line = lines[end]!.trimEnd();
    if (!line.endsWith(fence)) {
      code.push(lines[end]!);
      continue;
    }
    // The closing fence may be behind the last line of code.
    const last = line.slice(0, line.length - fence.length);
    if (!isMade(last, fence[0]!)) code.push(last);
    break;
  }
  return { block: { type: "code", language, text: code.join("\n") }, end: end + 1 };
}

/** Whether a text has nothing but this character and spaces. */
function isMade(text: string, character: string): boolean {
  return BLANK.test(text.replaceAll(character, ""));
}

function readQuote(
  lines: string[],
  start: number,
  names: readonly string[],
  depth: number,
): Found | null {
  let end = start;
  while (end < lines.length && QUOTED.test(lines[end]!)) end++;
  if (end === start) return null;
  const quoted = lines.slice(start, end).map((line) => line.replace(QUOTED, ""));
  return { block: { type: "quote", children: parseBlocks(quoted, names, depth + 1) }, end };
}

function readList(
  lines: string[],
  start: number,
  names: readonly string[],
  depth: number,
): Found | null {
  const first = ITEM.exec(lines[start]!);
  if (!first) return null;
  const isNumbered = numberOf(first) !== null;
  const items: Block[][] = [];
  let end = start;
  while (true) {
    const next = skipBlank(lines, end);
    const item = ITEM.exec(lines[next] ?? "");
    if (!item || (numberOf(item) !== null) !== isNumbered) break;
    end = endOfItem(lines, next, widthOf(item[1]!));
    const width = widthOf(item[1]!) + item[0].length - item[1]!.length;
    const content = lines.slice(next, end).map((line, i) => {
      return i === 0 ? line.slice(item[0].length) : dedent(line, width);
    });
    items.push(parseBlocks(content, names, depth + 1));
  }
  return { block: { type: "list", start: numberOf(first), items }, end };
}

/** An item goes on with lines that are indented more than its mark, also after blank ones. */
function endOfItem(lines: string[], start: number, indent: number): number {
  let end = start + 1;
  while (true) {
    const next = skipBlank(lines, end);
    if (next >= lines.length || widthOf(lines[next]!) < indent + 2) return end;
    end = next + 1;
  }
}

function skipBlank(lines: string[], start: number): number {
  let index = start;
  while (index < lines.length && BLANK.test(lines[index]!)) index++;
  return index;
}

function numberOf([, , mark]: RegExpExecArray): number | null {
  return /\d/.test(mark!) ? parseInt(mark!) : null;
}

/** The width of a line's indentation, in columns. */
function widthOf(line: string): number {
  let width = 0;
  for (const character of line) {
    if (character === "\t") width += 4;
    else if (character === " ") width++;
    else break;
  }
  return width;
}

/** Removes up to `width` columns of indentation. */
function dedent(line: string, width: number): string {
  let [index, removed] = [0, 0];
  while (removed < width && (line[index] === " " || line[index] === "\t")) {
    removed += line[index] === "\t" ? 4 : 1;
    index++;
  }
  return line.slice(index);
}

function readParagraph(
  lines: string[],
  start: number,
  names: readonly string[],
  depth: number,
): Found {
  let end = start + 1;
  while (end < lines.length && !endsParagraph(lines[end]!, depth)) end++;
  const children = parseInline(lines.slice(start, end).join("\n"), names);
  return { block: { type: "paragraph", children }, end };
}

function endsParagraph(line: string, depth: number): boolean {
  if (BLANK.test(line) || FENCE.test(line) || FENCED_LINE.test(line)) return true;
  if (depth >= MAX_DEPTH) return false;
  if (QUOTED.test(line)) return true;
  const item = ITEM.exec(line);
  // A number at the beginning of a line is mostly part of the sentence.
  return item !== null && (numberOf(item) ?? 1) === 1;
}
