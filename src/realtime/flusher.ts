/** When what waits for sockets of `echoroom.batch` goes out: the busier the loop, the less often. */

/** The longest pause between two flushes, in milliseconds. */
const MAX_PAUSE_MS = 40;
/** Pause after a flush, for each millisecond that it took: at most so much of the time is flushing. */
const PAUSE_PER_MS = 1;

/** What can wait to be flushed. */
export interface Flushable {
  flush(): void;
}

/**
 * A write is what costs, whatever it holds. So each socket gets all that has gathered for it in one
 * frame: at the end of this turn when little is going on, and after a pause as long as the last
 * flush took when much is. Rooms hand on what they gathered before sockets send.
 */
export class Flusher {
  #rooms = new Set<Flushable>();
  #sockets = new Set<Flushable>();
  #scheduled = false;
  #notBefore = 0;

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
    const rooms = this.#rooms;
    this.#rooms = new Set();
    for (const room of rooms) room.flush();
    const sockets = this.#sockets;
    this.#sockets = new Set();
    // Whatever comes in while sockets send waits for the next flush.
    this.#scheduled = false;
    for (const socket of sockets) socket.flush();
    const end = performance.now();
    this.#notBefore = end + Math.min(MAX_PAUSE_MS, (end - start) * PAUSE_PER_MS);
  }
}
