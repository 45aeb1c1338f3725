/** Ends an attempt to upload a file over a connection that is dead. */
import type { ConnectionState } from "./connection.ts";
import type { Observable } from "./observable.ts";

/**
 * The attempt ends when nothing has moved for a while, as long as its request tells how far it is. When
 * that is not known, or all bytes have gone out, it ends a while after the client's own connection was
 * lost and came back.
 */
export class UploadWatch {
  /** Whether the attempt was ended by this watch. */
  isStalled = false;
  readonly #controller = new AbortController();
  /** Ends the attempt. */
  readonly signal: AbortSignal = this.#controller.signal;
  readonly #ms: number;
  readonly #ended: AbortSignal;
  readonly #unsubscribe: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #abort = () => this.#controller.abort();

  /**
   * @param ms how long nothing may move
   * @param ended the message's own end, which ends the attempt, too
   */
  constructor(connection: Observable<ConnectionState>, ms: number, ended: AbortSignal) {
    this.#ms = ms;
    this.#ended = ended;
    ended.addEventListener("abort", this.#abort);
    this.#unsubscribe = connection.subscribe(() => {
      if (connection.get().status === "online") this.#start();
    });
  }

  /** So many bytes of the file have gone out. */
  moved(isComplete: boolean): void {
    if (isComplete) clearTimeout(this.#timer);
    else this.#start();
  }

  /** The attempt is over. */
  end(): void {
    clearTimeout(this.#timer);
    this.#unsubscribe();
    this.#ended.removeEventListener("abort", this.#abort);
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.isStalled = true;
      this.#abort();
    }, this.#ms);
  }
}
