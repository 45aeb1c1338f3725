/** A message without its markup, for where none is shown: notifications, quotes, titles. */
import type { ChatMessage } from "../src/client/mod.ts";
import { type Block, type Inline, parseMarkup } from "./markup.ts";

/** At most `length` characters in one line; code and links by their texts. */
export function plainText(text: string, length = 140): string {
  const line = parseMarkup(text).map(ofBlock).join(" ").replace(/\s+/g, " ").trim();
  const characters = [...line];
  return characters.length <= length ? line : `${characters.slice(0, length - 1).join("")}…`;
}

/** The same of a message; of one without a text, the names of its files. */
export function summaryOf(
  { text, attachments, files = [] }: Pick<ChatMessage, "text" | "attachments" | "files">,
  length?: number,
): string {
  return plainText(text || [...attachments, ...files].map(({ name }) => name).join(", "), length);
}

function ofBlock(block: Block): string {
  switch (block.type) {
    case "paragraph":
      return block.children.map(ofInline).join("");
    case "code":
      return block.text;
    case "quote":
      return block.children.map(ofBlock).join(" ");
    case "list":
      return block.items.map((item) => item.map(ofBlock).join(" ")).join(", ");
  }
}

function ofInline(node: Inline): string {
  if (node.type === "mention") return `@${node.name}`;
  return "children" in node ? node.children.map(ofInline).join("") : node.text;
}
