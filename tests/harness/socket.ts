/** A client of the WebSocket for tests: sends events, waits for answers, records everything. */

// deno-lint-ignore-file no-explicit-any -- tests look into events of every shape

import assert from "node:assert/strict";
import { HANG_MS } from "./deadline.ts";
import { patiently, withMessageId } from "./patience.ts";

export interface Received {
  event: string;
  data: any;
  ref?: string | number;
}

export interface SocketOptions {
  /** The subprotocol to offer, or several in order of preference. */
  protocol?: string | string[];
  headers?: Record<string, string>;
}

/** Commands that are done twice when they are repeated, unless they carry an id. */
const MESSAGE_COMMANDS = ["message:send", "message:edit", "message:delete"];

export class TestSocket {
  /** Every event received, in order; batches are taken apart. */
  readonly received: Received[] = [];
  /** Resolves when the socket has closed. */
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly socket: WebSocket;
  #waiting: (() => void)[] = [];
  #refs = 0;
  #closeCode: number | null = null;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.onmessage = ({ data }) => {
      this.received.push(...[JSON.parse(data)].flat());
      this.#wake();
    };
    this.closed = new Promise((resolve) => {
      socket.onclose = ({ code, reason }) => {
        this.#closeCode = code;
        this.#wake();
        resolve({ code, reason });
      };
    });
  }

  /** Opens a socket that has not identified itself. */
  static async open(serverUrl: string, options: SocketOptions = {}): Promise<TestSocket> {
    const url = `${serverUrl.replace("http", "ws")}/ws`;
    const protocols = options.protocol === undefined ? [] : [options.protocol].flat();
    const socket = new WebSocket(url, { protocols, headers: options.headers ?? {} });
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = (event) => reject(new Error((event as ErrorEvent).message));
    });
    socket.onerror = null;
    return new TestSocket(socket);
  }

  /** Opens a socket and identifies with an access token. */
  static async connect(
    { url, token }: { url: string; token: string },
    options: SocketOptions = {},
  ): Promise<TestSocket> {
    const socket = await TestSocket.open(url, options);
    const { event, data } = await socket.call("auth:identify", { token });
    if (event === "auth:ok") return socket;
    await socket.close();
    throw new Error(`identify: ${JSON.stringify(data)}`);
  }

  send(event: string, data: unknown, ref?: string | number): void {
    this.socket.send(JSON.stringify({ event, data, ...(ref === undefined ? {} : { ref }) }));
  }

  /**
   * Sends a command, again while it is `unavailable`, as clients do, and under an id where that could
   * do it twice; resolves with its direct answer, which may be an `error`.
   */
  call(event: string, data: unknown): Promise<Received> {
    const repeatable = MESSAGE_COMMANDS.includes(event) ? withMessageId(data) : data;
    return patiently(
      () => this.callOnce(event, repeatable),
      (answer) => answer.event === "error" && answer.data.code === "unavailable",
    );
  }

  /** Sends a command once, and resolves with its direct answer. */
  callOnce(event: string, data: unknown): Promise<Received> {
    const ref = `call-${++this.#refs}`;
    this.send(event, data, ref);
    return this.find((received) => received.ref === ref, `the answer to ${event}`);
  }

  /** Sends a command that is acked, and resolves with the ack. */
  async acked(command: string, content: unknown): Promise<any> {
    const { event, data } = await this.call(command, content);
    assert.equal(event, "message:ack", JSON.stringify(data));
    return data;
  }

  /** Resolves with the first event of this name, past or to come, that `matches`. */
  event(name: string, matches: (data: any) => boolean = () => true): Promise<Received> {
    return this.find(({ event, data }) => event === name && matches(data), name);
  }

  /** Resolves with the first event, past or to come, for which `matches` holds. */
  async find(
    matches: (received: Received) => boolean,
    what = "an event",
    milliseconds = HANG_MS,
  ): Promise<Received> {
    const deadline = Date.now() + milliseconds;
    let checked = 0;
    while (true) {
      // Many may wait at once: each looks at each event once.
      for (; checked < this.received.length; checked++) {
        if (matches(this.received[checked]!)) return this.received[checked]!;
      }
      const left = deadline - Date.now();
      if (left <= 0 || this.#closeCode !== null) {
        const events = this.received.map(describe).join(", ");
        throw new Error(`${what} did not come (closed: ${this.#closeCode}); received: ${events}`);
      }
      await this.#news(left);
    }
  }

  /** The events of this name received so far. */
  all(name: string): any[] {
    return this.received.filter(({ event }) => event === name).map(({ data }) => data);
  }

  /** Resolves with the code once the server has closed the socket. */
  async closeCode(): Promise<number> {
    const deadline = Date.now() + HANG_MS;
    while (this.#closeCode === null) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error("the socket was not closed");
      await this.#news(left);
    }
    return this.#closeCode;
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  #news(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

/** Its name, and of an error also the code. */
function describe({ event, data }: Received): string {
  return event === "error" ? `error (${data.code})` : event;
}
