/** Long work on the event loop, in slices between which others have their turn. */

/** Milliseconds of work between two turns of the event loop. */
const SLICE_MS = 4;

/** The first slice begins when this is made. */
export class WorkSlices {
  #start = performance.now();

  /** To be awaited between steps of the work: resolves after a turn of the loop if a slice is over. */
  async pause(): Promise<void> {
    if (performance.now() - this.#start < SLICE_MS) return;
    await new Promise((resolve) => setTimeout(resolve));
    this.#start = performance.now();
  }
}
