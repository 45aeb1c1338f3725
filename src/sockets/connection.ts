/** One socket: what it is sent, and how it is closed. */
import type { ErrorCode } from "../domain/errors.ts";
import type { RemovalReason } from "../domain/account.ts";
import { CLOSE_CODES, type CloseCode } from "../protocol/wire/close_codes.ts";
import { frame, type Ref, type ServerData, type ServerEvent } from "../protocol/frames.ts";
import type { Flusher } from "../rooms/flusher.ts";
import { MAX_FRAME_LENGTH, type Subscriber } from "../rooms/subscriber.ts";
import { Identity } from "./identity.ts";
import { Inbox } from "./inbox.ts";
import { JoinedRooms } from "./joined_rooms.ts";
import { RoomTurns } from "./room_turns.ts";
import { Strikes } from "./strikes.ts";

/**
 * Bytes that may wait unsent in a socket, 1 MiB, before it counts as too slow a reader. One frame
 * more can be handed over below that, so a socket costs at most this and its largest frame.
 */
const MAX_UNSENT_BYTES = 1024 * 1024;
const BROKEN_FRAMES_A_MINUTE = 10;
const REFUSALS_A_MINUTE = 200;
/** How long answers wait for a reader to catch up. */
const CONGESTED_MS = 10_000;
const DRAIN_POLL_MS = 10;
/** How long a peer that is being closed may go on sending before its connection is cut. */
const CLOSE_LIMIT_MS = 5_000;

export interface ConnectionOptions {
  socket: WebSocket;
  address: string;
  /** Schedules the frames of a client of `echoroom.batch`; null for others. */
  flusher: Flusher | null;
  /**
   * Called a turn after this side has decided to close the socket. A peer that does not read can
   * leave it half closed and delay the `close` event.
   */
  onClosing(): void;
}

export class Connection implements Subscriber {
  readonly id = crypto.randomUUID();
  /** The client's address, for limits and the log. */
  readonly address: string;
  readonly identity = new Identity();
  readonly inbox = new Inbox();
  readonly rooms = new JoinedRooms();
  readonly turns = new RoomTurns();

  readonly #brokenFrames = new Strikes(BROKEN_FRAMES_A_MINUTE, 60_000);
  readonly #refusals = new Strikes(REFUSALS_A_MINUTE, 60_000);
  readonly #socket: WebSocket;
  readonly #flusher: Flusher | null;
  readonly #onClosing: ConnectionOptions["onClosing"];
  #open = true;
  #closedAt = 0;
  #congestedSince: number | null = null;
  /** Frames that wait for the next flush, each the inside of an array or one object. */
  #waiting: string[] = [];
  #waitingLength = 0;
  /** The first of them as a frame of its own. */
  #first = "";
  /** UTF-16 units that may be sent before `bufferedAmount` is read again. */
  #allowance = 0;

  constructor({ socket, address, flusher, onClosing }: ConnectionOptions) {
    this.#socket = socket;
    this.#flusher = flusher;
    this.#onClosing = onClosing;
    this.address = address;
  }

  get userId(): string | null {
    return this.identity.actor?.userId ?? null;
  }

  get isAdmin(): boolean {
    return this.identity.actor?.isAdmin ?? false;
  }

  /** Whether the client takes arrays of events. */
  get batching(): boolean {
    return this.#flusher !== null;
  }

  /** Whether the socket may send and be sent; false from the decision to close it. */
  get open(): boolean {
    return this.#open;
  }

  /** Sends one event. */
  emit<E extends ServerEvent>(event: E, data: ServerData<E>, ref?: Ref): void {
    this.send(frame(event, data, ref));
  }

  /**
   * Sends a frame's text; to a client of `echoroom.batch` with the next flush. A reader that is too slow is closed instead, with 1013.
   */
  send(text: string): void {
    this.sendBatch(text, text);
  }

  /**
   * Sends several events.
   * @param inside their texts, separated by commas
   * @param frame what the frame is if nothing else goes into it
   */
  sendBatch(inside: string, frame: string): void {
    if (!this.#open || !this.#admit(frame.length)) return;
    if (!this.#flusher) return this.#write(frame);
    if (this.#waiting.push(inside) === 1) {
      this.#first = frame;
      this.#flusher.addSocket(this);
    }
    this.#waitingLength += inside.length;
    if (this.#waitingLength > MAX_FRAME_LENGTH) this.flush();
  }

  /**
   * Closes the socket; what was sent before still goes out first. The peer sees `code` even if it is
   * sending all the while: until its own close frame arrives, what it sends is read and discarded
   * (RFC 6455, 7.1.1), for unread data would make TCP reset the connection.
   */
  close(code: CloseCode, reason: string): void {
    if (!this.#open) return;
    this.flush();
    this.#open = false;
    this.#closedAt = Date.now();
    sendClose(this.#socket, code, reason);
    setImmediate(this.#onClosing);
  }

  /**
   * Counts a command that failed, and closes the socket if too many failed like that.
   * @param weight as how many refusals it counts, if it was `rate_limited`
   */
  countFailure(code: ErrorCode, weight: number): void {
    if (code === "invalid_frame" && this.#brokenFrames.add()) {
      this.close(CLOSE_CODES.brokenFrames, "too many broken frames");
    }
    for (let i = 0; code === "rate_limited" && i < weight; i++) {
      if (this.#refusals.add()) this.close(CLOSE_CODES.flooding, "flooding");
    }
  }

  /** Discards what the peer sent to a socket that is closing; cuts one that does not stop. */
  discard(): void {
    if (Date.now() - this.#closedAt > CLOSE_LIMIT_MS) this.#socket.close();
  }

  /** The socket has closed, from either side. */
  ended(): void {
    this.#open = false;
  }

  /**
   * Whether a long answer should wait, because much is unsent: answers in several parts then close
   * no slow but living reader. False after 10 s all the same.
   */
  get congested(): boolean {
    const unsent = this.#socket.bufferedAmount + this.#waitingLength;
    if (!this.#open || unsent <= MAX_UNSENT_BYTES / 4) this.#congestedSince = null;
    else this.#congestedSince ??= Date.now();
    return this.#congestedSince !== null && Date.now() - this.#congestedSince < CONGESTED_MS;
  }

  /** Resolves when it makes sense to look at `congested` again. */
  drain(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
  }

  removed(roomId: string, reason: RemovalReason): void {
    this.rooms.delete(roomId);
    this.emit("room:removed", { roomId, reason });
  }

  /** Sends what waits. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const frame = this.#waiting.length === 1 ? this.#first : `[${this.#waiting.join(",")}]`;
    this.#waiting = [];
    this.#waitingLength = 0;
    if (this.#open) this.#write(frame);
  }

  #write(frame: string): void {
    try {
      this.#socket.send(frame);
    } catch (error) {
      // The peer has begun to close the socket; its `close` event comes next.
      if (this.#socket.readyState === WebSocket.OPEN) throw error;
    }
  }

  /** Whether a frame of this length may be sent; if not the socket is closed. */
  #admit(length: number): boolean {
    this.#allowance -= length;
    if (this.#allowance >= 0) return true;
    const unsent = this.#socket.bufferedAmount;
    if (unsent > MAX_UNSENT_BYTES) {
      this.#waiting = [];
      this.close(CLOSE_CODES.tryAgainLater, "too slow a reader");
      return false;
    }
    // A UTF-16 unit takes up to three bytes.
    this.#allowance = (MAX_UNSENT_BYTES - unsent) / 3;
    return true;
  }
}

/**
 * Sends the close frame and leaves the socket reading. A socket of the runtime that is closing ends
 * its connection at the next frame that arrives; an object that inherits from it takes that state
 * in its place.
 */
function sendClose(socket: WebSocket, code: number, reason: string): void {
  const delegate: WebSocket = Object.create(socket);
  delegate.close(code, reason);
}
