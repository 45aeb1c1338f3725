/** What an app chooses when it makes a client, and where the choice is the runtime's. */
import type { ClientFetch, ClientSocketConstructor } from "./platform.ts";
import type { Timing } from "./timing.ts";
import type { OutboxStorage } from "./unsent_store.ts";

/** Options of a client; browsers need none. */
export interface ClientOptions {
  /**
   * Gets an access token from the app's own backend; null if nobody is signed in. It is asked again
   * before a token expires. Without it the client uses `/auth/refresh` and its cookie.
   */
  token?: () => Promise<string | null>;
  /**
   * Where unsent messages survive a reload: `localStorage` in browsers, else memory only (null). Its
   * methods may return promises, as those of React Native's `AsyncStorage` do.
   */
  storage?: OutboxStorage | null;
  /** Instead of the global one: of the package `ws`, or a wrapper that shows the frames. */
  WebSocket?: ClientSocketConstructor;
  /** Instead of the global one. */
  fetch?: ClientFetch;
  /** Other times than {@linkcode TIMING}. */
  timing?: Partial<Timing>;
}

/** Only in browsers: elsewhere the storage would be shared by all users of the process. */
export function browserStorage(): OutboxStorage | null {
  try {
    const { document, localStorage } = globalThis as { document?: object; localStorage?: Storage };
    return document && localStorage || null;
  } catch {
    return null;
  }
}
