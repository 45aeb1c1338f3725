/** What one socket has sent and has not been handled. */
import { FrameRate } from "./frame_rate.ts";

/** A frame of the client. */
export interface ReceivedFrame {
  text: string;
  /** Called once it has been handled or dropped. */
  release(): void;
}

/** Handles a frame; never rejects. What it resolves with goes on beside the next frames. */
type Handle = (text: string) => Promise<{ done?: Promise<void> }>;

export class Inbox {
  readonly #frames: ReceivedFrame[] = [];
  readonly #rate = new FrameRate();
  #bytes = 0;
  #working = false;

  /** Bytes that wait or are being handled. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts bytes that come, or that have been handled (negative). */
  count(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Counts a frame against the socket's rate. Returns the seconds to wait if it is too many. */
  countFrame(): number | null {
    return this.#rate.add();
  }

  push(frame: ReceivedFrame): void {
    this.#frames.push(frame);
  }

  /** Handles what waits and what comes meanwhile, one frame after the other, while `isOpen`. */
  async work(isOpen: () => boolean, handle: Handle): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    for (let frame; isOpen() && (frame = this.#frames.shift());) {
      const { done } = await handle(frame.text);
      if (done) void done.then(frame.release);
      else frame.release();
    }
    this.#working = false;
  }

  /** Drops what has not begun to be handled. */
  clear(): void {
    for (const { release } of this.#frames.splice(0)) release();
  }
}
