/** What a test makes go wrong between a client and the server in memory. */
import { ChatError, type ErrorCode } from "../../domain/errors.ts";
import type { ClientEvents } from "../../protocol/wire/events.ts";

/** A route of the server in memory, by its method and path. */
export type Route =
  | "POST /auth/register"
  | "POST /auth/login"
  | "POST /auth/refresh"
  | "POST /auth/logout"
  | "GET /auth/me"
  | "PATCH /auth/me"
  | "PUT /auth/me/avatar"
  | "DELETE /auth/me/avatar"
  | "POST /files"
  | "POST /files/token"
  | "GET /rooms"
  | "POST /rooms"
  | "GET /rooms/:room"
  | "GET /rooms/:room/messages"
  | "GET /rooms/:room/messages/:message"
  | "GET /rooms/:room/changes"
  | "GET /rooms/:room/pins";

/** What a client asks for: an event of the WebSocket, or a route. */
export type Command = keyof ClientEvents | Route;

/** How a command is refused. */
export interface RefusalOptions {
  /** The text of the error. */
  message?: string;
  /** Seconds after which the client may try again. */
  retryAfter?: number;
  /** How many of these commands are refused; 1 if not given, `Infinity` for all. */
  times?: number;
}

/** Where a command is held. */
export interface HoldOptions {
  /** `arrival`: before the server does it, as if not given; `answer`: when only its answer is missing. */
  at?: "arrival" | "answer";
}

/** A command that is held back. */
interface Hold {
  command: Command;
  at: "arrival" | "answer";
  released: Promise<void>;
}

export class Faults {
  /** Whether clients reach the server. */
  isOnline = true;
  /** How many live entries are lost on their way. */
  dropped = 0;
  readonly #holds = new Set<Hold>();
  #refusals: { command: Command; error: ChatError; times: number }[] = [];

  hold(command: Command, { at = "arrival" }: HoldOptions = {}): () => void {
    let release = () => {};
    const released = new Promise<void>((resolve) => release = resolve);
    const hold = { command, at, released };
    this.#holds.add(hold);
    return () => {
      this.#holds.delete(hold);
      release();
    };
  }

  refuse(command: Command, code: ErrorCode, options: RefusalOptions = {}): void {
    const { message = `Refused by the test: ${code}.`, retryAfter, times = 1 } = options;
    const error = new ChatError(code, message, retryAfter === undefined ? {} : { retryAfter });
    this.#refusals.push({ command, error, times });
  }

  /** Waits while a command is held; nothing is waited for without a hold. */
  held(command: Command, at: Hold["at"]): Promise<void> | undefined {
    const isMatching = (hold: Hold) => hold.command === command && hold.at === at;
    return [...this.#holds].find(isMatching)?.released;
  }

  /** @throws ChatError the refusal that a test has asked for */
  check(command: Command): void {
    const refusal = this.#refusals.find((each) => each.command === command);
    if (!refusal) return;
    if (--refusal.times <= 0) this.#refusals = this.#refusals.filter((each) => each !== refusal);
    throw refusal.error;
  }
}
