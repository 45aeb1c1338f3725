/**
 * What the client needs of its runtime, in the form that all of them have: React Native lacks
 * `AbortSignal.timeout` and `TextEncoder`, in older versions `atob`.
 */
import { unreachable } from "./errors.ts";

/** The part of a WebSocket that the client uses: a browser's, Deno's, Node's, or that of `ws`. */
export interface ClientSocket {
  /** Is assigned by the client, as are the others; each runtime has events of its own. */
  onopen: ((event: never) => void) | null;
  /** Gets an event with the text as its `data`. */
  onmessage: ((event: never) => void) | null;
  /** Gets an event that the client ignores: a close follows. */
  onerror: ((event: never) => void) | null;
  /** Gets an event with the `code` of the close. */
  onclose: ((event: never) => void) | null;
  /** Sends a text frame. */
  send(data: string): void;
  /** Begins to close, also before it is open. */
  close(): void;
}

/** Makes sockets: the global `WebSocket`, or the one of the package `ws`. */
export type ClientSocketConstructor = new (url: string, protocols: string[]) => ClientSocket;

/** How the client calls `fetch`. */
export interface ClientRequest {
  /** In capitals. */
  method: string;
  /** By their names. */
  headers: Record<string, string>;
  /** JSON as a string, or a file as a `Blob`, of which each runtime has a type of its own. */
  // deno-lint-ignore no-explicit-any
  body?: any;
  /** Cookies are sent to a server of another origin, too, and never to its store of files. */
  credentials: "include" | "omit";
  /** Ends the request when no answer has come in time. */
  signal: AbortSignal;
}

/** The part of a `Response` that the client reads. */
export interface ClientResponse {
  /** Whether the status is one of 200 to 299. */
  readonly ok: boolean;
  /** The HTTP status. */
  readonly status: number;
  /** Of these `Retry-After` is read. */
  readonly headers: { get(name: string): string | null };
  /** The whole body. */
  text(): Promise<string>;
}

/** The part of `fetch` that the client uses. */
export type ClientFetch = (url: string, request: ClientRequest) => Promise<ClientResponse>;

/**
 * The runtime's own.
 * @throws {EchoRoomError} `unreachable` if it has none
 */
export function own<T>(name: "WebSocket" | "fetch"): T {
  const value = globalThis[name];
  if (value) return value as T;
  throw unreachable(`This runtime has no ${name}: give one as the option \`${name}\`.`);
}

/** Fails with `unreachable` after `ms`, whether or not the work observes its signal. */
export function inTime<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      controller.abort();
      reject(unreachable());
    }, ms);
    Promise.resolve(controller.signal).then(work).then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}

/**
 * A UUID of version 7 (RFC 9562): it begins with the time, so that a database's index adds it beside
 * the last ones. Unique among one sender's and not a secret: for that `Math.random` will do, which is
 * everywhere.
 */
export function newId(): string {
  const time = Date.now().toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7xxx-yxxx-xxxxxxxxxxxx`.replace(/[xy]/g, (digit) => {
    const random = Math.random() * 16 | 0;
    return (digit === "x" ? random : random & 3 | 8).toString(16);
  });
}

/** The length of JSON in UTF-8, in bytes: it has no lone surrogates, which cannot be encoded. */
export function utf8Length(json: string): number {
  return encodeURIComponent(json).replace(/%../g, "-").length;
}

/** Whether a value can be sent: it has no cycle and no BigInt. */
export function isJson(value: unknown): boolean {
  try {
    return !!JSON.stringify(value);
  } catch {
    return false;
  }
}
