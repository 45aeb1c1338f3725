/** The emoji that can be picked or completed: what the server accepts as reactions, found by words. */
import type { EmojiData } from "../../src/http/emoji_data.ts";
import { fold } from "../fold.ts";

export interface Emoji {
  /** As reactions have it: without U+FE0F. Show it with {@linkcode presented}. */
  readonly emoji: string;
  /** As in `:tada:`; the best-known one. */
  readonly name: string;
  readonly category: string;
}

interface Entry extends Emoji {
  readonly names: readonly string[];
  /** The words of its names, then its keywords. */
  readonly words: readonly string[];
}

const URL = "/assets/emoji.json";

/** Characters that are shown as text unless U+FE0F, or a skin tone, follows (UTS #51). */
const TEXT_STYLE = /(?=\p{Emoji})\P{Emoji_Presentation}(?!\ufe0f|\p{Emoji_Modifier})/gu;
const NAME = /^[a-z0-9_+-]+$/;

/** A reaction as it is to be shown: in colours, or `:name:` if it is the name of an app's own emoji. */
export function presented(emoji: string): string {
  if (NAME.test(emoji)) return `:${emoji}:`;
  return emoji.replace(TEXT_STYLE, "$&\ufe0f");
}

export class EmojiIndex {
  /** In the order in which a picker shows them. */
  readonly categories: readonly { readonly name: string; readonly emoji: readonly Emoji[] }[];
  readonly #entries: readonly Entry[];
  readonly #byName: ReadonlyMap<string, Entry>;
  readonly #byEmoji: ReadonlyMap<string, Entry>;

  constructor(data: EmojiData) {
    this.#entries = data.flatMap(({ category, emoji }) => {
      return emoji.map(([emoji, names, keywords]) => toEntry(category, emoji, names, keywords));
    });
    this.categories = data.map(({ category }) => {
      return {
        name: category,
        emoji: this.#entries.filter((entry) => entry.category === category),
      };
    });
    this.#byEmoji = new Map(this.#entries.map((entry) => [entry.emoji, entry]));
    this.#byName = new Map(
      this.#entries.flatMap((entry) => entry.names.map((name) => [name, entry])),
    );
  }

  /** @param name without colons */
  named(name: string): Emoji | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  /** @param emoji as the server has it, or with U+FE0F */
  find(emoji: string): Emoji | undefined {
    return this.#byEmoji.get(emoji.replaceAll("\ufe0f", ""));
  }

  /**
   * The emoji for which each word of the query is the beginning of one of their words, the best first:
   * by whole names, beginnings of names, words of names, then keywords.
   * @param query words, a name with underscores, or an emoji
   * @param preferred emoji that come first among equals, such as those used often
   */
  search(query: string, limit: number, preferred: readonly string[] = []): Emoji[] {
    const exact = this.find(query.trim());
    if (exact) return [exact];
    const words = fold(query).split(/[\s_:]+/).filter(Boolean);
    if (words.length === 0) return [];
    const name = words.join("_");
    const ranked = this.#entries.flatMap((entry) => {
      const rank = rankOf(entry, name, words);
      return rank === null ? [] : [{ entry, rank }];
    });
    const place = new Map(preferred.map((emoji, i) => [emoji, i]));
    const placeOf = ({ emoji }: Emoji) => place.get(emoji) ?? preferred.length;
    // The sort is stable: equals stay in Unicode's order.
    return ranked.sort((a, b) => a.rank - b.rank || placeOf(a.entry) - placeOf(b.entry))
      .slice(0, limit).map(({ entry }) => entry);
  }
}

function toEntry(category: string, emoji: string, names: string, keywords: string): Entry {
  const all = names.split(" ");
  const words = [...all.flatMap((name) => name.split("_")), ...keywords.split(" ")].map(fold);
  return { emoji, name: all[0]!, category, names: all, words: words.filter(Boolean) };
}

/** The lower the better; null if a word is not found. */
function rankOf({ names, words }: Entry, name: string, query: readonly string[]): number | null {
  if (names.includes(name)) return 0;
  if (names.some((known) => known.startsWith(name))) return 1;
  const places = query.map((word) => words.findIndex((known) => known.startsWith(word)));
  if (places.includes(-1)) return null;
  const namesWords = names.reduce((sum, name) => sum + name.split("_").length, 0);
  if (places.every((place) => place < namesWords)) return 2;
  return query.every((word) => words.includes(word)) ? 3 : 4;
}

let loading: Promise<EmojiIndex> | null = null;

/**
 * The index, loaded once, on first use: about 45 KB.
 * @throws what `fetch` throws; then the next call tries again
 */
export function loadEmoji(fetchData: () => Promise<EmojiData> = read): Promise<EmojiIndex> {
  loading ??= fetchData().then((data) => new EmojiIndex(data)).catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

async function read(): Promise<EmojiData> {
  const response = await fetch(URL);
  if (!response.ok) throw new Error(`The emoji could not be loaded: ${response.status}`);
  return await response.json();
}
