/**
 * What the client needs of its runtime, in the form that all of them have: React Native lacks
 * `AbortSignal.timeout`, `crypto`, `atob` and `TextEncoder`.
 */
import { EchoRoomError, unreachable } from "./errors.ts";

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
  /** JSON. */
  body?: string;
  /** Cookies are sent to other origins, too. */
  credentials: "include";
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

/** @throws {EchoRoomError} if the runtime has none */
export function ownWebSocket(): ClientSocketConstructor {
  if (globalThis.WebSocket) return globalThis.WebSocket;
  throw missing("WebSocket", "Node has one from 22 on; before, give that of the package `ws`");
}

/** @throws {EchoRoomError} if the runtime has none */
export function ownFetch(): ClientFetch {
  if (globalThis.fetch) return globalThis.fetch;
  throw missing("fetch", "give one");
}

function missing(name: "WebSocket" | "fetch", remedy: string): EchoRoomError {
  const message = `This runtime has no ${name}: ${remedy} as the option \`${name}\`.`;
  return new EchoRoomError({ message, code: "unreachable" });
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
 * the last ones. Unique, but not unguessable.
 */
export function newId(): string {
  const { crypto } = globalThis as { crypto?: Partial<Crypto> };
  const bytes = new Uint8Array(16);
  if (crypto?.getRandomValues) crypto.getRandomValues(bytes);
  else bytes.forEach((_, i) => bytes[i] = Math.random() * 256);
  const now = Date.now();
  for (let i = 0; i < 6; i++) bytes[i] = now / 2 ** (8 * (5 - i));
  bytes[6] = 0x70 | bytes[6]! & 0x0f;
  bytes[8] = 0x80 | bytes[8]! & 0x3f;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** The length of a text in UTF-8, in bytes. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Decodes base64url (RFC 4648, 5); each byte becomes a character. */
export function decodeBase64Url(text: string): string {
  let [decoded, bits, count] = ["", 0, 0];
  for (const letter of text) {
    bits = (bits << 6 | BASE64URL.indexOf(letter)) & 0xfff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    decoded += String.fromCharCode(bits >> count & 0xff);
  }
  return decoded;
}
