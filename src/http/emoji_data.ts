/** The emoji that the page offers, with the names and keywords to find them by. */
import { Emoji } from "../protocol/schemas/fields.ts";

/** Emoji by category, in Unicode's order. */
export type EmojiData = readonly {
  readonly category: string;
  /** Names (as in `:tada:`) and keywords are separated by spaces; the best-known name is the first. */
  readonly emoji: readonly (readonly [emoji: string, names: string, keywords: string])[];
}[];

/** Read on first use: it takes a few megabytes. */
export async function readEmojiData(): Promise<EmojiData> {
  const { gemoji } = await import("gemoji");
  const emojilib = await import("emojilib", { with: { type: "json" } });
  // Its types are those of a module, and it is JSON.
  const keywords = emojilib.default as unknown as Record<string, string[]>;
  const accepted = gemoji.filter(({ emoji }) => Emoji.safeParse(emoji).success);
  return Array.from(Map.groupBy(accepted, ({ category }) => category), ([category, members]) => ({
    category,
    emoji: members.map(({ emoji, names, tags }) => {
      const known = words(names);
      const others = words([...(keywords[emoji] ?? []), ...tags]);
      return [
        Emoji.parse(emoji),
        names.join(" "),
        [...others.difference(known)].join(" "),
      ] as const;
    }),
  }));
}

function words(texts: string[]): Set<string> {
  return new Set(texts.flatMap((text) => text.toLowerCase().split(/[\s_]+/)).filter(Boolean));
}
