/** What a browser keeps over reloads, as far as it stores anything. */

export type BrowserStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** A text under a key. Nothing throws; what cannot be stored is kept until the page is closed. */
export interface Kept {
  /** Null if there is none. Read anew each time, since other tabs write, too. */
  read(): string | null;
  /** What the text is as JSON; null if there is none, or it is no JSON. */
  readJson(): unknown;
  write(text: string): void;
  erase(): void;
}

/** @param storage is called for each use: where storage is forbidden, getting it throws */
export function kept(key: string, storage: () => BrowserStorage = () => localStorage): Kept {
  let unstored: string | null = null;

  function read(): string | null {
    if (unstored !== null) return unstored;
    try {
      return storage().getItem(key);
    } catch {
      return null;
    }
  }

  return {
    read,
    readJson() {
      try {
        return JSON.parse(read() ?? "null");
      } catch {
        return null;
      }
    },
    write(text) {
      unstored = null;
      try {
        storage().setItem(key, text);
      } catch {
        // Full, or forbidden by the browser.
        unstored = text;
      }
    },
    erase() {
      unstored = null;
      try {
        storage().removeItem(key);
      } catch {
        // Forbidden by the browser: then nothing is stored.
      }
    },
  };
}

/** Erases what is stored under keys that begin so. */
export function eraseStored(prefix: string): void {
  try {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix));
    for (const key of keys) localStorage.removeItem(key);
  } catch {
    // Forbidden by the browser: then nothing is stored.
  }
}
