/**
 * Shows what a client and its server say to each other, without tokens.
 *
 * @example
 * ```ts
 * import { createClient } from "@echoroom/client";
 * import { watchFrames } from "@echoroom/client/debug";
 *
 * const client = createClient("https://chat.example.com", {
 *   WebSocket: watchFrames(({ type, frame = "" }) => console.log(type, JSON.stringify(frame))),
 * });
 * await client.register({ email: "eve@example.com", password: "correct horse", displayName: "Eve" });
 * ```
 *
 * @module
 */
import { type ClientSocket, type ClientSocketConstructor, own } from "./platform.ts";

/** A frame, or a change of a socket. */
export interface FrameRecord {
  /** What happened. */
  readonly type: "opened" | "sent" | "received" | "closed";
  /** What a frame holds: an event, or several in an array; its text if it is no JSON. */
  readonly frame?: unknown;
  /** The code of a close. */
  readonly code?: number;
}

/** Shown instead of what signs somebody in: logs are shared. */
const HIDDEN = "…";
const SECRETS: ReadonlySet<string> = new Set(["token", "accessToken", "password"]);

/**
 * Makes a `WebSocket` for `createClient` that shows what goes through it.
 * @param onRecord gets each frame and each change of a socket, in order, before the client handles it
 * @param WebSocket makes the sockets; the global one if not given
 * @throws {EchoRoomError} if there is none
 */
export function watchFrames(
  onRecord: (record: FrameRecord) => void,
  WebSocket: ClientSocketConstructor = own("WebSocket"),
): ClientSocketConstructor {
  return class implements ClientSocket {
    onopen: ((event: never) => void) | null = null;
    onmessage: ((event: never) => void) | null = null;
    onerror: ((event: never) => void) | null = null;
    onclose: ((event: never) => void) | null = null;
    readonly #socket: ClientSocket;

    constructor(url: string, protocols: string[]) {
      const socket = this.#socket = new WebSocket(url, protocols);
      socket.onopen = (event) => {
        onRecord({ type: "opened" });
        this.onopen?.(event);
      };
      socket.onmessage = (event) => {
        onRecord({ type: "received", frame: withoutSecrets((event as { data: string }).data) });
        this.onmessage?.(event);
      };
      socket.onerror = (event) => this.onerror?.(event);
      socket.onclose = (event) => {
        onRecord({ type: "closed", code: (event as { code: number }).code });
        this.onclose?.(event);
      };
    }

    send(data: string): void {
      onRecord({ type: "sent", frame: withoutSecrets(data) });
      this.#socket.send(data);
    }

    close(): void {
      this.#socket.close();
    }
  };
}

function withoutSecrets(text: string): unknown {
  try {
    return JSON.parse(text, (name, value) => SECRETS.has(name) ? HIDDEN : value);
  } catch {
    return text;
  }
}
