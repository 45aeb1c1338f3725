/** The server's address, and the error while it cannot be reached. */
import { type EchoRoomError, failure, unreachable } from "./errors.ts";

const HTTP_URL = /^(https?:\/\/([^/?#@]+)[^?#]*?)\/?([?#]|$)/i;

/** Built from strings: the `URL` of React Native has no parts that can be set, and few to read. */
export class ServerAddress {
  /** With a slash at the end. */
  readonly base: string;
  readonly host: string;
  #wasReached = false;

  /**
   * Takes an absolute URL, or in a page one relative to it.
   * @throws {EchoRoomError} `validation_failed` if it is not an http or https URL
   */
  constructor(url: string | URL) {
    const [, base, host] = HTTP_URL.exec(absolute(url)) ?? [];
    if (!base || !host) {
      const example = "https://chat.example.com";
      throw failure("validation_failed", `The server's URL has to be like ${example}.`);
    }
    this.base = `${base}/`;
    this.host = host;
  }

  /** The address of its WebSocket. */
  get socketUrl(): string {
    return `ws${this.base.slice("http".length)}ws`;
  }

  /** The server has answered. */
  reached(): void {
    this.#wasReached = true;
  }

  /**
   * The error of a failed attempt. A browser does not tell a page the cause; before the first success
   * it is most likely in the setup, so that the message names it.
   */
  unreachable(): EchoRoomError {
    if (this.#wasReached) return unreachable();
    const origin = globalThis.location?.origin;
    const causes = origin === undefined || this.base.startsWith(`${origin}/`)
      ? ""
      : `: either it is not running, or its CORS_ORIGIN does not list ${origin}`;
    return unreachable(`The server cannot be reached at ${this.base}${causes}.`);
  }
}

/** An empty text if that is not possible. */
function absolute(url: string | URL): string {
  try {
    return new URL(url, globalThis.location?.href).href;
  } catch {
    return "";
  }
}
