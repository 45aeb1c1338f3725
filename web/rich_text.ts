/** A message's text as nodes: bold, italics, code and links. Nothing in it is ever read as HTML. */
import { element } from "./dom.ts";

const MARKS = new RegExp(
  [
    /```\n?(?<block>[^]+?)\n?```/,
    /`(?<code>[^`\n]+)`/,
    /\*\*(?=\S)(?<bold>[^\n]*?\S)\*\*/,
    /(?<![\w*])\*(?=[^\s*])(?<starred>[^*\n]*?)(?<=\S)\*(?![\w*])/,
    /(?<!\w)_(?=[^\s_])(?<underlined>[^_\n]*?)(?<=\S)_(?!\w)/,
    // With balanced brackets, and without the punctuation that follows the link.
    /(?<link>https?:\/\/(?:[^\s<>"`()]|\([^\s<>"`()]*\))*(?:[^\s<>"`()'.,;:!?\]*_]|\([^\s<>"`()]*\)))/,
  ].map(({ source }) => source).join("|"),
  "g",
);

/** Splits a text into marked and plain parts. */
export function richText(text: string): (Node | string)[] {
  const nodes: (Node | string)[] = [];
  let end = 0;
  for (const match of text.matchAll(MARKS)) {
    if (match.index > end) nodes.push(text.slice(end, match.index));
    nodes.push(marked(match.groups!));
    end = match.index + match[0].length;
  }
  if (end < text.length) nodes.push(text.slice(end));
  return nodes;
}

function marked({ block, code, bold, starred, underlined, link }: Record<string, string>): Node {
  if (block !== undefined) return element("pre", {}, element("code", {}, block));
  if (code !== undefined) return element("code", {}, code);
  if (bold !== undefined) return element("strong", {}, ...richText(bold));
  const italics = starred ?? underlined;
  if (italics !== undefined) return element("em", {}, ...richText(italics));
  return linkTo(link!);
}

function linkTo(address: string): Node {
  if (!URL.canParse(address)) return document.createTextNode(address);
  const rel = "noopener noreferrer nofollow";
  return element("a", { href: address, rel, target: "_blank" }, address);
}
