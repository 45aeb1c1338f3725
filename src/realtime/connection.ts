/** One socket: what it may be sent, who it speaks for, and the rooms it is in. */
import type { User } from "../domain/user.ts";
import { CLOSE_CODES, type CloseCode } from "../protocol/close_codes.ts";
import { frame, type Ref, type ServerData, type ServerEvent } from "../protocol/events.ts";
import { Strikes } from "./strikes.ts";

/**
 * Bytes that may wait unsent in a socket, 1 MiB, before it counts as too slow a reader. One frame
 * more can be handed over below that, so a socket costs at most this and its largest frame.
 */
const MAX_UNSENT_BYTES = 1024 * 1024;
const BROKEN_FRAMES_A_MINUTE = 10;
const REFUSALS_A_MINUTE = 200;
const DRAIN_POLL_MS = 20;
const DRAIN_DEADLINE_MS = 10_000;
/**
 * From the decision to close to the closing. What the peer has sent meanwhile is thrown away: left
 * unread it would make TCP reset the connection, and the peer would never see the code.
 */
const LINGER_MS = 100;

/** Who a socket speaks for, and until when. */
export interface Identity {
  user: User;
  expiresAt: Date;
}

export interface ConnectionOptions {
  socket: WebSocket;
  address: string;
  /** Whether frames of one turn go out as one array (`echoroom.batch`). */
  batching: boolean;
  /**
   * Called a turn after this side has decided to close the socket. A peer that does not read leaves
   * it half closed for as long as it likes, and the `close` event waits for that.
   */
  onClosing(): void;
}

export class Connection {
  readonly id = crypto.randomUUID();
  readonly openedAt = Date.now();
  /** The client's address, for limits and the log. */
  readonly address: string;
  /** The session whose token was shown, from before it is checked, so that no revocation is missed. */
  sessionId: string | null = null;
  identity: Identity | null = null;
  /** Whether the client was told that its token has expired. */
  expiryAnnounced = false;
  /** Ids of the rooms that this socket has joined. */
  readonly rooms = new Set<string>();
  /** Frames that wait for the one being handled. */
  readonly inbox: string[] = [];
  /** UTF-16 units in them. */
  inboxLength = 0;
  handling = false;
  readonly brokenFrames = new Strikes(BROKEN_FRAMES_A_MINUTE, 60_000);
  readonly refusals = new Strikes(REFUSALS_A_MINUTE, 60_000);

  readonly #socket: WebSocket;
  readonly #batching: boolean;
  readonly #onClosing: ConnectionOptions["onClosing"];
  #closing: ReturnType<typeof setTimeout> | undefined;
  #batch: string[] = [];
  #batchLength = 0;

  constructor({ socket, address, batching, onClosing }: ConnectionOptions) {
    this.#socket = socket;
    this.#batching = batching;
    this.#onClosing = onClosing;
    this.address = address;
  }

  /** Whether the socket may send and be sent; false from the decision to close it. */
  get open(): boolean {
    return this.#closing === undefined && this.#socket.readyState === WebSocket.OPEN;
  }

  /** Sends one event. */
  emit<E extends ServerEvent>(event: E, data: ServerData<E>, ref?: Ref): void {
    this.send(frame(event, data, ref));
  }

  /**
   * Sends a frame's text; to a client of `echoroom.batch` together with all others of this turn of
   * the event loop. A reader that has let too much pile up is closed instead, with 1013.
   */
  send(text: string): void {
    if (!this.open) return;
    if (this.#socket.bufferedAmount + this.#batchLength > MAX_UNSENT_BYTES) {
      this.#batch = [];
      this.close(CLOSE_CODES.tryAgainLater, "too slow a reader");
      return;
    }
    if (!this.#batching) return this.#socket.send(text);
    if (this.#batch.push(text) === 1) setImmediate(() => this.#flush());
    this.#batchLength += text.length;
  }

  /** Closes the socket; what was sent before still goes out first. */
  close(code: CloseCode, reason: string): void {
    if (!this.open) return;
    this.#flush();
    this.#closing = setTimeout(() => this.#socket.close(code, reason), LINGER_MS);
    setImmediate(this.#onClosing);
  }

  /** The socket has closed, whoever began it. */
  ended(): void {
    clearTimeout(this.#closing);
  }

  /**
   * Resolves once little waits unsent, so that a long answer can go out in parts that a slow but
   * living reader keeps up with; after 10 s it resolves all the same.
   */
  async drained(): Promise<void> {
    const deadline = Date.now() + DRAIN_DEADLINE_MS;
    while (this.open && this.#socket.bufferedAmount > MAX_UNSENT_BYTES / 4) {
      if (Date.now() > deadline) return;
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    }
  }

  #flush(): void {
    if (this.#batch.length === 0 || !this.open) return;
    const [only, ...more] = this.#batch;
    this.#socket.send(more.length === 0 ? only! : `[${this.#batch.join(",")}]`);
    this.#batch = [];
    this.#batchLength = 0;
  }
}
