/** When pending frames of `echoroom.batch` sockets are sent: the busier the loop, the less often. */

/** The longest pause between two flushes, in milliseconds, when the loop is fully busy. */
const MAX_PAUSE_MS = 20;

/** What can wait to be flushed. */
export interface Flushable {
  flush(): void;
}

/**
 * The cost is the write, whatever its size. So each socket is sent all that is pending in one frame:
 * at the end of the turn when the loop is idle, else after a pause, the longer the busier the loop
 * and the longer the last flush took. Rooms flush to their sockets before sockets send.
 */
export class Flusher {
  #rooms = new Set<Flushable>();
  #sockets = new Set<Flushable>();
  #scheduled = false;
  #notBefore = 0;
  readonly #load: () => number;

  /** @param load how busy the event loop is, from 0 to 1 */
  constructor(load: () => number) {
    this.#load = load;
  }

  /** The room's entries go to its sockets with the next flush. */
  addRoom(room: Flushable): void {
    this.#rooms.add(room);
    this.#schedule();
  }

  /** The socket sends with the next flush. */
  addSocket(socket: Flushable): void {
    this.#sockets.add(socket);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const pause = this.#notBefore - performance.now();
    if (pause > 1) setTimeout(() => this.#flush(), pause);
    else setImmediate(() => this.#flush());
  }

  #flush(): void {
    const start = performance.now();
    // The runtime writes once this turn is over, which is what takes the time.
    setTimeout(() => this.#rest(performance.now() - start), 0);
    const rooms = this.#rooms;
    this.#rooms = new Set();
    for (const room of rooms) room.flush();
    const sockets = this.#sockets;
    this.#sockets = new Set();
    for (const socket of sockets) socket.flush();
  }

  /** Schedules the next flush: what came meanwhile waits as long as the last flush took. */
  #rest(took: number): void {
    const pause = Math.max(took, this.#load() * MAX_PAUSE_MS);
    this.#notBefore = performance.now() + Math.min(MAX_PAUSE_MS, pause);
    this.#scheduled = false;
    if (this.#rooms.size > 0 || this.#sockets.size > 0) this.#schedule();
  }
}
