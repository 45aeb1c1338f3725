/** One browser on the server in memory: the options of its clients. */
import type { ClientOptions } from "../options.ts";
import type { ClientFetch, ClientSocketConstructor } from "../platform.ts";
import type { OutboxStorage } from "../unsent_store.ts";
import type { Chat } from "./chat.ts";
import { MemoryStorage } from "./memory_storage.ts";
import { answer } from "./routes.ts";
import { TestSocket } from "./socket.ts";

/**
 * A browser with its cookie and its storage, in the form of a client's options. A second client made
 * with it is what a page has after a reload, or another tab: signed in as the first, with what the
 * first has not sent yet.
 */
export class TestBrowser implements ClientOptions {
  /** Reaches the server in memory. */
  readonly fetch: ClientFetch;
  /** As `fetch`. */
  readonly WebSocket: ClientSocketConstructor;
  /** What a page has not sent yet. */
  readonly storage: OutboxStorage = new MemoryStorage();
  /** Short, so that clients notice at once that the server is back. */
  readonly timing = { firstRetryMs: 10, longestRetryMs: 50 };

  /** @ignore */
  constructor(chat: Chat, cookie: string | null) {
    this.fetch = async (url, { method, headers, body }) => {
      if (!chat.faults.isOnline) throw new TypeError("The test is offline.");
      const response = await answer(chat, { method, url, headers, body, cookie });
      if (!chat.faults.isOnline) throw new TypeError("The test is offline.");
      if (response.cookie !== undefined) cookie = response.cookie;
      return response;
    };
    this.WebSocket = class extends TestSocket {
      constructor() {
        super(chat);
      }
    };
  }
}
