/** One WebSocket kept alive: identifying, answers, signs of life, and coming back after a loss. */
import { ApiError } from "./session.js";

const ANSWER_MS = 10_000;
const SILENCE_MS = 25_000;
const RENEWAL_RETRY_MS = 5_000;
const BACKOFF = { firstMs: 500, longestMs: 30_000 };
/** A connection that lived this long was a good one: the next loss starts the backoff anew. */
const STABLE_MS = 10_000;
const UNAUTHENTICATED = 4401;

/** Closes after which coming back by itself would only repeat what went wrong. */
const FINAL_CLOSES = new Map([
  [1003, "The server refused a frame of this page as not being text."],
  [1009, "The server refused a frame of this page as too big."],
  [4400, "The server did not understand this page. Reloading it may help."],
  [4408, "This page did not identify itself in time."],
  [4429, "Too much was sent too fast."],
]);

/**
 * @typedef {object} State
 * @property {"off" | "connecting" | "online" | "waiting" | "stopped"} name
 * @property {string} [reason] why it stopped
 * @property {number} [retryAt] when the next attempt starts, if it waits for one
 */

export class Connection {
  /** @type {State} */
  state = { name: "off" };

  #session;
  #listener;
  /** @type {WebSocket | null} */
  #socket = null;
  /** Commands that wait for the answer with their `ref`. */
  #waiting = new Map();
  #lastRef = 0;
  #attempts = 0;
  #onlineSince = 0;
  #lastHeard = 0;
  #retryTimer;
  #renewalTimer;

  /**
   * @param {import("./session.js").Session} session
   * @param {{
   *   onState(): void,
   *   onReady(): void,
   *   onEvent(event: string, data: any): void,
   * }} listener
   */
  constructor(session, listener) {
    this.#session = session;
    this.#listener = listener;
    setInterval(() => this.#checkLife(SILENCE_MS), SILENCE_MS / 5);
    globalThis.addEventListener("online", () => this.#wake());
    document.addEventListener("visibilitychange", () => document.hidden || this.#wake());
  }

  /** Connects now, whatever the backoff says. */
  async start() {
    this.#drop();
    this.#enter({ name: "connecting" });
    const attempt = this.state;
    const token = await this.#session.freshToken().catch(() => null);
    if (this.state !== attempt) return;
    if (token) this.#open(token);
    else this.#retryLater();
  }

  /** @param {string} [reason] for the user; none if they wanted it */
  stop(reason) {
    this.#drop();
    this.#attempts = 0;
    this.#enter(reason ? { name: "stopped", reason } : { name: "off" });
  }

  /**
   * Sends a command and waits for its answer.
   * @returns {Promise<any>}
   * @throws {ApiError} the server's refusal, or `disconnected` if no answer will come
   */
  async request(event, data) {
    if (this.state.name !== "online") throw disconnected();
    return await this.#ask(event, data);
  }

  /** Sends a command whose outcome comes as an event, if at all. */
  emit(event, data) {
    if (this.state.name === "online") this.#socket.send(JSON.stringify({ event, data }));
  }

  #open(token) {
    const url = new URL("/ws", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = this.#socket = new WebSocket(url, "echoroom.v1");
    socket.onopen = () => this.#identify(token);
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    socket.onclose = ({ code }) => this.#lost(code);
  }

  async #identify(token) {
    try {
      await this.#ask("auth:identify", { token });
    } catch (error) {
      if (error.code === "limit_reached") this.stop(error.message);
      else if (error.code !== "disconnected") this.#lost(UNAUTHENTICATED);
      return;
    }
    clearTimeout(this.#renewalTimer);
    this.#renewalTimer = setTimeout(() => this.#renew(), this.#session.msUntilRenewal);
    if (this.state.name === "online") return;
    this.#onlineSince = Date.now();
    this.#enter({ name: "online" });
    this.#listener.onReady();
  }

  async #renew() {
    const socket = this.#socket;
    clearTimeout(this.#renewalTimer);
    try {
      await this.#session.renew();
      const token = await this.#session.freshToken();
      if (socket === this.#socket) await this.#identify(token);
    } catch {
      if (socket !== this.#socket) return;
      this.#renewalTimer = setTimeout(() => this.#renew(), RENEWAL_RETRY_MS);
    }
  }

  #ask(event, data) {
    const ref = ++this.#lastRef;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#lost(), ANSWER_MS);
      this.#waiting.set(ref, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ event, data, ref }));
    });
  }

  #receive({ event, data, ref }) {
    this.#lastHeard = Date.now();
    const waiting = this.#waiting.get(ref);
    if (waiting) {
      this.#waiting.delete(ref);
      clearTimeout(waiting.timer);
      if (event === "error" || event === "auth:error") waiting.reject(new ApiError(data));
      else waiting.resolve(data);
    } else if (event === "auth:error") {
      this.#renew();
    } else {
      this.#listener.onEvent(event, data);
    }
  }

  /** A browser cannot ping, so an identified socket proves itself alive by identifying again. */
  async #checkLife(silenceMs) {
    if (this.state.name !== "online" || Date.now() - this.#lastHeard < silenceMs) return;
    const socket = this.#socket;
    const token = await this.#session.freshToken().catch(() => null);
    if (token && socket === this.#socket) this.#identify(token);
  }

  /** After sleep or a change of network: nothing heard since is worth trusting. */
  #wake() {
    if (this.state.name === "waiting") this.start();
    else this.#checkLife(0);
  }

  /** @param {number} [code] of the close; none if the server fell silent */
  #lost(code) {
    const lived = this.state.name === "online" ? Date.now() - this.#onlineSince : 0;
    if (lived > STABLE_MS) this.#attempts = 0;
    if (FINAL_CLOSES.has(code)) return this.stop(`${FINAL_CLOSES.get(code)} (${code})`);
    this.#drop();
    if (code === UNAUTHENTICATED) this.#session.distrustToken();
    this.#retryLater();
  }

  /** Full jitter: clients that were cut off together do not come back together. */
  #retryLater() {
    const longest = Math.min(BACKOFF.longestMs, BACKOFF.firstMs * 2 ** this.#attempts++);
    const delay = Math.random() * longest;
    this.#retryTimer = setTimeout(() => this.start(), delay);
    this.#enter({ name: "waiting", retryAt: Date.now() + delay });
  }

  /** Lets go of the socket, which may be too dead to close in order, and of all that hangs on it. */
  #drop() {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#renewalTimer);
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(disconnected());
    }
    this.#waiting.clear();
    const socket = this.#socket;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.#socket = null;
  }

  #enter(state) {
    this.state = state;
    this.#listener.onState();
  }
}

function disconnected() {
  return new ApiError({ message: "The connection was lost.", code: "disconnected" });
}
