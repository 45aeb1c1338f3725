/** One WebSocket kept open: identification, answers, keep-alive, and reconnecting after a loss. */
import { isAuthErrorCode } from "../protocol/wire/auth_error_codes.ts";
import { CLOSE_CODES } from "../protocol/wire/close_codes.ts";
import type { Answer, AnsweredEvent } from "../protocol/wire/event_answers.ts";
import type { ClientEvents } from "../protocol/wire/events.ts";
import type { Subprotocol } from "../protocol/wire/subprotocols.ts";
import type { User } from "../protocol/wire/users.ts";
import type { ServerAddress } from "./address.ts";
import { FINAL_CLOSES, PASSING_CLOSES } from "./close_reasons.ts";
import { disconnected, EchoRoomError, failure } from "./errors.ts";
import { fits, framesIn, type ServerFrame } from "./frames.ts";
import { Observed } from "./observable.ts";
import type { ClientSocket, ClientSocketConstructor } from "./platform.ts";
import { backoffMs, type Timing } from "./timing.ts";
import type { Tokens } from "./tokens.ts";
import { Watchdog } from "./watchdog.ts";

/** The state of the connection to the server. */
export type ConnectionState =
  /** Nothing is attempted: before `connect()`, and after `disconnect()`. */
  | { readonly status: "idle" }
  /** An attempt is under way. */
  | { readonly status: "connecting" }
  /** The client is identified, and the server answers. */
  | { readonly status: "online" }
  /** The connection was lost, and the next attempt starts at `retryAt`, in ms as of `Date.now()`. */
  | { readonly status: "waiting"; readonly retryAt: number; readonly reason: string }
  /** There is no session: the user has to sign in. */
  | { readonly status: "signed_out"; readonly reason: string }
  /** The server refuses this client as faulty; `connect()` tries again. */
  | { readonly status: "stopped"; readonly code: number; readonly reason: string };

/** A connection that lasted this long was stable: the next loss starts the backoff from its beginning. */
const STABLE_MS = 10_000;
const RENEWAL_RETRY_MS = 5_000;
/** Longer timers overflow. */
const LONGEST_TIMER_MS = 24 * 60 * 60_000;
/** The server takes the first: frames of several events cost both sides less. */
const OFFERED: Subprotocol[] = ["echoroom.batch", "echoroom.v1"];

/** What a connection needs of the client around it. */
export interface ConnectionHost {
  address: ServerAddress;
  WebSocket: ClientSocketConstructor;
  tokens: Tokens;
  timing: Timing;
  /** The state has changed. Called before pending requests are rejected. */
  onState(): void;
  /** The server has identified the user. Returns whether it is the expected one. */
  onUser(user: User): boolean;
  /** Takes what the server sends unasked. */
  onEvent(frame: ServerFrame): void;
  /** The server was silent for a while: send a command that it answers. */
  onSilence(): unknown;
}

interface Waiting {
  take(data: never): void;
  reject(error: EchoRoomError): void;
  timer: ReturnType<typeof setTimeout>;
}

/** See {@linkcode ConnectionState} for the states it goes through. */
export class Connection {
  readonly state: Observed<ConnectionState> = new Observed<ConnectionState>(() => ({
    status: "idle",
  }));

  /** The last answer of a server by which the client was identified. */
  declare welcome: Answer<"auth:identify">;

  readonly #host: ConnectionHost;
  #socket: ClientSocket | null = null;
  /** Whether the socket was ever open. */
  #opened = false;
  /** Commands without an answer yet, by `ref`. */
  readonly #waiting = new Map<number, Waiting>();
  #lastRef = 0;
  #failures = 0;
  /** Whether a token was refused since the server last took one. */
  #refused = false;
  #onlineSince = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #renewalTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #watchdog: Watchdog;

  constructor(host: ConnectionHost) {
    this.#host = host;
    this.#watchdog = new Watchdog({
      silenceMs: host.timing.silenceMs,
      onSilence: () => this.isOnline && host.onSilence(),
      onWake: () => this.#awake(),
    });
  }

  get isOnline(): boolean {
    return this.state.get().status === "online";
  }

  /** Connects now, without waiting for the backoff. */
  async start(): Promise<void> {
    this.#drop();
    this.#watchdog.start();
    const attempt: ConnectionState = { status: "connecting" };
    this.#enter(attempt);
    try {
      const token = await this.#host.tokens.get();
      if (this.state.get() === attempt) this.#open(token);
    } catch (error) {
      if (this.state.get() === attempt) this.#failed(error);
    }
  }

  /** Ends the connection and all attempts to connect. */
  stop(state: Extract<ConnectionState, { status: "idle" | "signed_out" | "stopped" }>): void {
    this.#watchdog.stop();
    this.#failures = 0;
    this.#drop(state);
  }

  /**
   * Sends a command and waits for its answer.
   * @param take is called with the answer before the server's next event is handled
   * @throws {EchoRoomError} the server's refusal, `disconnected` if no answer will come, or
   *   `validation_failed` if the frame is larger than the server takes
   */
  request<E extends AnsweredEvent>(
    event: E,
    data: ClientEvents[E],
    take?: (answer: Answer<E>) => void,
  ): Promise<Answer<E>> {
    if (!this.isOnline) return Promise.reject(disconnected());
    if (!fits(event, data)) return Promise.reject(failure("validation_failed", "It is too big."));
    return this.#ask(event, data, take);
  }

  /** Sends a command that has no answer. */
  emit<E extends Exclude<keyof ClientEvents, AnsweredEvent>>(
    event: E,
    data: ClientEvents[E],
  ): void {
    if (this.isOnline) this.#send({ event, data });
  }

  /** Sends the token again: a new one renews the session, an old one checks the connection. */
  async identify(): Promise<void> {
    const socket = this.#socket;
    try {
      const token = await this.#host.tokens.get();
      if (socket && socket === this.#socket) await this.#identify(token);
    } catch (error) {
      if (socket !== this.#socket) return;
      // The old token may be valid for a while.
      if (isSignedOut(error)) return this.#failed(error);
      clearTimeout(this.#renewalTimer);
      this.#renewalTimer = setTimeout(() => this.identify(), RENEWAL_RETRY_MS);
    }
  }

  #open(token: string): void {
    const { address, WebSocket } = this.#host;
    const socket = this.#socket = new WebSocket(address.socketUrl, OFFERED);
    this.#opened = false;
    // No command could time out before it opens.
    const lost = (code: number) => socket === this.#socket && this.#lost(code);
    const timer = setTimeout(() => lost(0), this.#host.timing.answerMs);
    socket.onopen = () => {
      clearTimeout(timer);
      this.#opened = true;
      address.reached();
      this.#identify(token).catch((error) => this.#failed(error));
    };
    socket.onmessage = ({ data }: { data: string }) => this.#receive(data);
    // A close follows; some implementations throw errors that have no listener.
    socket.onerror = () => {};
    socket.onclose = ({ code }: { code: number }) => {
      clearTimeout(timer);
      lost(code);
    };
  }

  async #identify(token: string): Promise<void> {
    await this.#ask("auth:identify", { token }, (answer) => {
      if (!this.#host.onUser(answer.user)) return;
      this.welcome = answer;
      clearTimeout(this.#renewalTimer);
      const delay = Math.min(this.#host.tokens.msUntilRenewal, LONGEST_TIMER_MS);
      this.#renewalTimer = setTimeout(() => this.identify(), delay);
      this.#refused = false;
      if (this.isOnline) return;
      this.#onlineSince = Date.now();
      this.#enter({ status: "online" });
    });
  }

  #ask<E extends AnsweredEvent>(
    event: E,
    data: ClientEvents[E],
    take?: (answer: Answer<E>) => void,
  ): Promise<Answer<E>> {
    const ref = ++this.#lastRef;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#lost(0), this.#host.timing.answerMs);
      const answered = (answer: Answer<E>) => {
        take?.(answer);
        resolve(answer);
      };
      this.#waiting.set(ref, { take: answered, reject, timer });
      this.#send({ event, data, ref });
    });
  }

  #send(frame: object): void {
    try {
      this.#socket!.send(JSON.stringify(frame));
    } catch {
      // The socket is closing; its close event comes next and rejects what is pending.
    }
  }

  #receive(text: string): void {
    this.#watchdog.received();
    const socket = this.#socket;
    for (const frame of framesIn(text)) {
      if (socket !== this.#socket) return;
      this.#handle(frame);
    }
  }

  #handle(frame: ServerFrame): void {
    const waiting = frame.ref === undefined ? undefined : this.#waiting.get(frame.ref);
    if (waiting) return this.#answer(frame, waiting);
    if (frame.event !== "auth:error") return this.#host.onEvent(frame);
    this.#host.tokens.invalidate();
    this.identify();
  }

  #answer({ event, data, ref }: ServerFrame, { take, reject, timer }: Waiting): void {
    this.#waiting.delete(ref!);
    clearTimeout(timer);
    if (event === "error" || event === "auth:error") reject(new EchoRoomError(data));
    else take(data as never);
  }

  /** After sleep or a change of network the connection may be dead. */
  #awake(): void {
    const { status } = this.state.get();
    if (status === "waiting") this.start();
    else if (status === "online") this.identify();
  }

  /** An attempt has failed, or the server has refused what keeps the connection. */
  #failed(error: unknown): void {
    if (isSignedOut(error)) {
      return this.stop({ status: "signed_out", reason: (error as Error).message });
    }
    const { code, message } = error as EchoRoomError;
    // The socket's close event was handled already.
    if (code === "disconnected") return;
    if (isAuthErrorCode(code)) this.#retryWithNewToken(message);
    else this.#retryLater(message);
  }

  /** @param code of the close; 0 if the server fell silent */
  #lost(code: number): void {
    const lived = this.isOnline ? Date.now() - this.#onlineSince : 0;
    if (lived > STABLE_MS) this.#failures = 0;
    const final = FINAL_CLOSES.get(code);
    if (final) return this.stop({ status: "stopped", code, reason: final });
    const reason = PASSING_CLOSES.get(code) ??
      (this.#opened ? disconnected() : this.#host.address.unreachable()).message;
    if (code === CLOSE_CODES.unauthenticated) this.#retryWithNewToken(reason);
    else this.#retryLater(reason);
  }

  /** Reconnects at once, unless a new token was refused as well. */
  #retryWithNewToken(reason: string): void {
    this.#host.tokens.invalidate();
    if (this.#refused) return this.#retryLater(reason);
    this.#refused = true;
    this.start();
  }

  #retryLater(reason: string): void {
    const delay = backoffMs(this.#host.timing, this.#failures++);
    this.#drop({ status: "waiting", retryAt: Date.now() + delay, reason });
    this.#retryTimer = setTimeout(() => this.start(), delay);
  }

  /** Abandons the socket, which may be too dead to close, and rejects what is pending. */
  #drop(state?: ConnectionState): void {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#renewalTimer);
    const socket = this.#socket;
    this.#socket = null;
    if (state) this.#enter(state);
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject, timer } of waiting) {
      clearTimeout(timer);
      reject(disconnected());
    }
    if (!socket) return;
    socket.onopen = socket.onmessage = null;
    socket.close();
  }

  #enter(state: ConnectionState): void {
    this.state.set(state);
    this.#host.onState();
  }
}

function isSignedOut(error: unknown): boolean {
  return (error as EchoRoomError).code === "signed_out";
}
