/** The bytes of a range of a file, read as they are asked for. */
import { step } from "./faults.ts";

/** Of a read: with the 64 KiB of the runtime's own stream a download takes half as much CPU time again. */
const CHUNK_BYTES = 256 * 1_024;

/** Iterated once. The file is closed at the end of its bytes, at an error, and by `return`. */
export class FilePart implements AsyncIterableIterator<Uint8Array> {
  readonly #file: Deno.FsFile;
  readonly #stepMs: number;
  #rest: number;
  #closed = false;

  /**
   * @param file at the first byte of the range
   * @param length bytes at most
   * @param stepMs a read that takes longer fails with `unavailable`
   */
  constructor(file: Deno.FsFile, length: number, stepMs: number) {
    this.#file = file;
    this.#rest = length;
    this.#stepMs = stepMs;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#closed) return DONE;
    const buffer = new Uint8Array(Math.min(this.#rest, CHUNK_BYTES));
    try {
      const read = this.#rest === 0 ? null : await step(this.#file.read(buffer), this.#stepMs);
      if (read === null) return await this.return();
      this.#rest -= read;
      return { done: false, value: buffer.subarray(0, read) };
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.#close();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #close(): void {
    if (!this.#closed) this.#file.close();
    this.#closed = true;
  }
}

const DONE: IteratorResult<never> = { done: true, value: undefined };
