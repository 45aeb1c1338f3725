/** Where the server is, and what to say while nothing has been heard of it. */
import { EchoRoomError, unreachable } from "./errors.ts";

const HTTP_URL = /^(https?:\/\/([^/?#@]+)[^?#]*?)\/?(?:[?#].*)?$/i;

/** Built from strings: the `URL` of React Native has no parts that can be set, and few to read. */
export class ServerAddress {
  /** With a slash at the end. */
  readonly base: string;
  readonly host: string;
  #wasReached = false;

  /**
   * Takes an absolute URL, or in a page one relative to it.
   * @throws {EchoRoomError} `validation_failed` if it is none of http or https
   */
  constructor(url: string | URL) {
    const [, base, host] = HTTP_URL.exec(absolute(url)) ?? [];
    if (!base || !host) throw invalid();
    this.base = `${base}/`;
    this.host = host;
  }

  get socketUrl(): string {
    return `${this.base.replace(/^http/i, "ws")}ws`;
  }

  /** Something has been heard of the server. */
  reached(): void {
    this.#wasReached = true;
  }

  /**
   * What to say when an attempt fails. A browser does not tell a page why; before the first success
   * the likely causes are in the setup, and whoever reads this can change them.
   */
  unreachable(): EchoRoomError {
    if (this.#wasReached) return unreachable();
    const origin = globalThis.location?.origin;
    const isForeign = origin !== undefined && !this.base.startsWith(`${origin}/`);
    const causes = `either it is not running, or its CORS_ORIGIN does not list ${origin}`;
    return unreachable(
      `The server cannot be reached at ${this.base}${isForeign ? `: ${causes}` : ""}.`,
    );
  }
}

function absolute(url: string | URL): string {
  try {
    return new URL(url, globalThis.location?.href).href;
  } catch {
    throw invalid();
  }
}

function invalid(): EchoRoomError {
  const message = "The server's URL has to be one such as https://chat.example.com.";
  return new EchoRoomError({ message, code: "validation_failed" });
}
