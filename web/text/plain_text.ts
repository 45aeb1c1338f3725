/** A message without its markup, for where none is shown: notifications, quotes, titles. */
import type { ChatMessage } from "../../src/client/mod.ts";
import { type Block, type Inline, parseMarkup } from "./markup.ts";

/** A part of what a reader sees; a joint, between two blocks, is not in the text itself. */
export interface Piece {
  readonly text: string;
  readonly isJoint: boolean;
}

/** What a reader sees, in order; code and links by their texts. */
export function piecesOf(text: string): Piece[] {
  return [...ofBlocks(parseMarkup(text))];
}

/** At most `length` characters in one line. */
export function plainText(text: string, length = 140): string {
  const line = piecesOf(text).map(({ text }) => text).join("").replace(/\s+/g, " ").trim();
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

function* ofBlocks(blocks: readonly Block[]): Generator<Piece> {
  for (const [i, block] of blocks.entries()) {
    if (i > 0) yield { text: " ", isJoint: true };
    yield* ofBlock(block);
  }
}

function* ofBlock(block: Block): Generator<Piece> {
  switch (block.type) {
    case "paragraph":
      return yield* block.children.flatMap(ofInline);
    case "code":
      return yield { text: block.text, isJoint: false };
    case "quote":
      return yield* ofBlocks(block.children);
    case "list":
      for (const [i, item] of block.items.entries()) {
        if (i > 0) yield { text: ", ", isJoint: true };
        yield* ofBlocks(item);
      }
  }
}

function ofInline(node: Inline): Piece[] {
  if ("children" in node) return node.children.flatMap(ofInline);
  return [{ text: node.type === "mention" ? `@${node.name}` : node.text, isJoint: false }];
}
