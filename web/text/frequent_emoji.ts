/** The emoji that a user uses most, remembered in this browser. */

/** Shown until the user has used as many. */
const USUAL = ["👍", "❤", "😂", "🎉", "👀", "✅", "🙏", "😮"];
/** How many are remembered. */
const MAX = 32;
/** What each use takes of the weight of earlier ones: what was liked last year ends some day. */
const FADING = 0.95;

type Storage = Pick<globalThis.Storage, "getItem" | "setItem" | "removeItem">;

export class FrequentEmoji {
  readonly #key: string;
  readonly #storage: () => Storage;
  /** Used if the browser stores nothing. */
  #unstored: Record<string, number> = {};

  /** @param storage is called for each use: where storage is forbidden it may throw */
  constructor(userId: string, storage: () => Storage = () => localStorage) {
    this.#key = `echoroom:emoji:${userId}`;
    this.#storage = storage;
  }

  /** The most used first; what is missing to `count` is filled up with usual ones, 8 at most. */
  list(count: number): string[] {
    const used = Object.entries(this.#read()).sort(([, a], [, b]) => b - a).map(([emoji]) => emoji);
    return [...new Set([...used, ...USUAL])].slice(0, count);
  }

  /** Counts a use. Read again before, since other tabs count, too. */
  use(emoji: string): void {
    const faded = Object.entries(this.#read()).map(([emoji, weight]): [string, number] => {
      return [emoji, weight * FADING];
    });
    const weights = new Map(faded);
    weights.set(emoji, (weights.get(emoji) ?? 0) + 1);
    const most = [...weights].sort(([, a], [, b]) => b - a).slice(0, MAX - 1);
    // The one just used stays, so that it can become frequent.
    this.#write({ ...Object.fromEntries(most), [emoji]: weights.get(emoji)! });
  }

  /** Forgets all: the user has signed out. */
  erase(): void {
    this.#unstored = {};
    try {
      this.#storage().removeItem(this.#key);
    } catch {
      // Forbidden by the browser: then nothing is stored.
    }
  }

  #read(): Record<string, number> {
    try {
      const stored: unknown = JSON.parse(this.#storage().getItem(this.#key) ?? "null");
      return isWeights(stored) ? stored : this.#unstored;
    } catch {
      return this.#unstored;
    }
  }

  #write(weights: Record<string, number>): void {
    this.#unstored = weights;
    try {
      this.#storage().setItem(this.#key, JSON.stringify(weights));
    } catch {
      // Full, or forbidden by the browser: kept until the page is closed.
    }
  }
}

function isWeights(value: unknown): value is Record<string, number> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.values(value).every((weight) => typeof weight === "number");
}
