/** A message's Markdown, made from the tree of its parts: nothing of it is ever read as HTML. */
import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { memo } from "../memo.ts";
import { type Block, type Inline, parseMarkup } from "../text/markup.ts";

export interface MarkupProps {
  text: string;
  /** The display names of those whom the message mentions, separated by newlines. */
  names: string;
  /** The user's own display name. */
  ownName: string;
}

/** A new state of the same text is no reason to lose a selection. */
export const Markup = memo(({ text, names, ownName }: MarkupProps) => {
  const blocks = parseMarkup(text, names.split("\n").filter(Boolean));
  return html`<div class="text">${blocks.map((block) => showBlock(block, ownName))}</div>`;
});

function showBlock(block: Block, ownName: string): ComponentChildren {
  switch (block.type) {
    case "paragraph":
      return html`<p>${showInline(block.children, ownName)}</p>`;
    case "code":
      return html`<pre data-language=${block.language || null}><code>${block.text}</code></pre>`;
    case "quote":
      return html`
        <blockquote>${block.children.map((child) => showBlock(child, ownName))}</blockquote>
      `;
    case "list": {
      const items = block.items.map((item) => {
        return html`<li>${item.map((child) => showBlock(child, ownName))}</li>`;
      });
      if (block.start === null) return html`<ul>${items}</ul>`;
      return html`<ol start=${block.start}>${items}</ol>`;
    }
  }
}

function showInline(nodes: readonly Inline[], ownName: string): ComponentChildren[] {
  return nodes.map((node) => {
    switch (node.type) {
      case "text":
        return node.text;
      case "code":
        return html`<code>${node.text}</code>`;
      case "bold":
        return html`<strong>${showInline(node.children, ownName)}</strong>`;
      case "italic":
        return html`<em>${showInline(node.children, ownName)}</em>`;
      case "strike":
        return html`<s>${showInline(node.children, ownName)}</s>`;
      case "link":
        return html`
          <a href=${node.address} rel="noopener noreferrer nofollow" target="_blank"
          >${showInline(node.children, ownName)}</a>
        `;
      case "mention":
        return html`
          <span class=${`mention ${node.name === ownName ? "own" : ""}`}>@${node.name}</span>
        `;
    }
  });
}
