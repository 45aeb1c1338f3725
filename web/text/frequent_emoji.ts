/** The emoji that a user uses most, remembered in this browser. */
import { type BrowserStorage, type Kept, kept } from "../kept.ts";

/** Shown until the user has used as many. */
const USUAL = ["👍", "❤", "😂", "🎉", "👀", "✅", "🙏", "😮"];
/** How many are remembered. */
const MAX = 32;
/** What each use takes of the weight of earlier ones: what was liked last year ends some day. */
const FADING = 0.95;

export class FrequentEmoji {
  /** Their weights, as JSON. */
  readonly #kept: Kept;

  /** @param storage as of `kept` */
  constructor(userId: string, storage?: () => BrowserStorage) {
    this.#kept = kept(`echoroom:emoji:${userId}`, storage);
  }

  /** The most used first; what is missing to `count` is filled up with usual ones, 8 at most. */
  list(count: number): string[] {
    const used = Object.entries(this.#read()).sort(([, a], [, b]) => b - a).map(([emoji]) => emoji);
    return [...new Set([...used, ...USUAL])].slice(0, count);
  }

  /** Counts a use. */
  use(emoji: string): void {
    const faded = Object.entries(this.#read()).map(([emoji, weight]): [string, number] => {
      return [emoji, weight * FADING];
    });
    const weights = new Map(faded);
    weights.set(emoji, (weights.get(emoji) ?? 0) + 1);
    const most = [...weights].sort(([, a], [, b]) => b - a).slice(0, MAX - 1);
    // The one just used stays, so that it can become frequent.
    const left = { ...Object.fromEntries(most), [emoji]: weights.get(emoji)! };
    this.#kept.write(JSON.stringify(left));
  }

  /** Forgets all: the user has signed out. */
  erase(): void {
    this.#kept.erase();
  }

  #read(): Record<string, number> {
    const stored = this.#kept.readJson();
    return isWeights(stored) ? stored : {};
  }
}

function isWeights(value: unknown): value is Record<string, number> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.values(value).every((weight) => typeof weight === "number");
}
