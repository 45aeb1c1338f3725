/** Counts one socket's frames on arrival, in fixed windows. */
import { FRAMES_PER_SOCKET } from "../services/rate_limits.ts";

export class FrameRate {
  #count = 0;
  #windowEnd = 0;

  /** Counts a frame. Returns null if it is within the limit, else the seconds until the next window. */
  add(now = Date.now()): number | null {
    if (now >= this.#windowEnd) {
      this.#count = 0;
      this.#windowEnd = now + FRAMES_PER_SOCKET.seconds * 1000;
    }
    if (++this.#count <= FRAMES_PER_SOCKET.points) return null;
    return Math.ceil((this.#windowEnd - now) / 1000);
  }
}
