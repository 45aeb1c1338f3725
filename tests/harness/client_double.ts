/** Puts the server in memory of `@echoroom/client/testing` in the place of the real one. */
import { Chat } from "../../src/client/testing/chat.ts";
import { answer } from "../../src/client/testing/routes.ts";
import { TestSocket } from "../../src/client/testing/socket.ts";
import { servers } from "./client_world.ts";
import type { TestServer } from "./server.ts";

const COOKIE = "refresh_token";

const doubles = new Map<string, Chat>();

/** From now on every server of this process that a test's world starts is one in memory. */
export function useDouble(): void {
  servers.start = startDouble;
  globalThis.fetch = fetchFromDouble as typeof fetch;
  globalThis.WebSocket = DoubleWebSocket as unknown as typeof WebSocket;
}

function startDouble(settings: Record<string, string> = {}): Promise<TestServer> {
  const host = `double-${doubles.size + 1}.test`;
  doubles.set(host, new Chat());
  return Promise.resolve({ url: `http://${host}`, settings, stop: () => Promise.resolve() });
}

function doubleAt(url: string): Chat {
  const double = doubles.get(new URL(url).host);
  if (!double) throw new TypeError(`No server in memory is at ${url}.`);
  return double;
}

/** As the global one, with the cookie in the headers. */
async function fetchFromDouble(url: string, init: RequestInit): Promise<Response> {
  const { method = "GET", body } = init;
  const headers = Object.fromEntries(new Headers(init.headers));
  const cookie = new RegExp(`${COOKIE}=([^;]+)`).exec(headers.cookie ?? "")?.[1] ?? null;
  const request = {
    method,
    url,
    headers,
    cookie,
    ...(body && { body: body instanceof Blob ? body : String(body) }),
  };
  const response = await answer(doubleAt(url), request);
  const text = await response.text();
  const sent = new Headers({ "Content-Type": "application/json" });
  const retryAfter = response.headers.get("Retry-After");
  if (retryAfter !== null) sent.set("Retry-After", retryAfter);
  if (response.cookie !== undefined) {
    sent.append("Set-Cookie", `${COOKIE}=${response.cookie ?? ""}`);
  }
  return new Response(response.status === 204 ? null : text, {
    status: response.status,
    headers: sent,
  });
}

type Listener = (event: object) => void;

/** As the global one, as far as the tests listen to it. */
class DoubleWebSocket extends TestSocket {
  readonly #listeners: [name: string, listener: Listener][] = [];

  constructor(url: string) {
    super(doubleAt(url));
  }

  addEventListener(name: string, listener: Listener): void {
    this.#listeners.push([name, listener]);
  }

  protected override emit(name: "open" | "message" | "close", event: object): void {
    for (const [wanted, listener] of this.#listeners) if (wanted === name) listener(event);
    super.emit(name, event);
  }
}
