/** What a browser gives the client, for tests: cookies, a storage, and a way to wait for a value. */
import {
  type Client,
  type ClientOptions,
  createClient,
  type Observable,
} from "../../src/client/mod.ts";
import { MemoryStorage } from "../../src/client/testing/memory_storage.ts";
import { HANG_MS } from "./deadline.ts";

/** Short waits for silence and reconnection, but not for answers, which a busy machine delays. */
export const QUICK = { answerMs: HANG_MS, silenceMs: 500, firstRetryMs: 10, longestRetryMs: 100 };

/** One browser: its cookies and storage outlive its pages, each of which has a client. */
export class TestBrowser {
  readonly storage = new MemoryStorage();
  #cookies = new Map<string, string>();
  readonly #clients: Client[] = [];

  /** Opens a page: a client of its own with this browser's cookies and storage. */
  open(url: string, options: ClientOptions = {}): Client {
    const client = createClient(url, {
      fetch: this.fetch,
      storage: this.storage,
      timing: QUICK,
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  /** All cookies, as a `Cookie` header. */
  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  set cookie(header: string) {
    this.#cookies.clear();
    for (const pair of header.split("; ")) this.#keep(pair);
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  /** As the page's own, with the browser's cookies. */
  readonly fetch: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    if (this.cookie) headers.set("Cookie", this.cookie);
    const response = await fetch(input, { ...init, headers });
    for (const cookie of response.headers.getSetCookie()) this.#keep(cookie.split(";")[0]!);
    return response;
  };

  #keep(pair: string): void {
    const [name = "", value = ""] = pair.split("=", 2);
    this.#cookies.set(name, value);
  }
}

/** Waits until a value satisfies a condition. */
export function becomes<T>(
  { get, subscribe }: Observable<T>,
  isWanted: (value: T) => boolean,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (!isWanted(get())) return;
      clearTimeout(timer);
      end();
      resolve(get());
    };
    const timer = setTimeout(() => {
      end();
      reject(new Error(`It stays ${JSON.stringify(get())}.`));
    }, HANG_MS);
    const end = subscribe(look);
    look();
  });
}

/** Waits for a state of a connection or a room. */
export function reaches<T extends { status: string }>(
  observable: Observable<T>,
  status: T["status"],
): Promise<T> {
  return becomes(observable, (value) => value.status === status);
}

let count = 0;

/** A new user. */
export function newAccount(displayName: string) {
  return {
    email: `${++count}.${crypto.randomUUID()}@example.com`,
    password: "correct horse",
    displayName,
  };
}
