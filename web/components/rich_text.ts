/** A message's text as nodes: bold, italics, code and links. Nothing in it is ever read as HTML. */
import { html } from "htm/preact";
import type { ComponentChild } from "preact";

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
export function richText(text: string): ComponentChild[] {
  const nodes: ComponentChild[] = [];
  let end = 0;
  for (const match of text.matchAll(MARKS)) {
    if (match.index > end) nodes.push(text.slice(end, match.index));
    nodes.push(marked(match.groups!));
    end = match.index + match[0].length;
  }
  if (end < text.length) nodes.push(text.slice(end));
  return nodes;
}

function marked({ block, code, bold, starred, underlined, link }: Record<string, string>) {
  if (block !== undefined) return html`<pre><code>${block}</code></pre>`;
  if (code !== undefined) return html`<code>${code}</code>`;
  if (bold !== undefined) return html`<strong>${richText(bold)}</strong>`;
  const italics = starred ?? underlined;
  if (italics !== undefined) return html`<em>${richText(italics)}</em>`;
  return linkTo(link!);
}

function linkTo(address: string) {
  if (!URL.canParse(address)) return address;
  return html`
    <a href=${address} rel="noopener noreferrer nofollow" target="_blank">${address}</a>
  `;
}
