/** A file on this machine in which an upload waits to be sent in parts; it is gone with the process. */
import { step } from "../faults.ts";

/** To be disposed of. */
export class Draft {
  readonly size: number;
  readonly #file: Deno.FsFile;
  /** Null where it has no name any more. */
  readonly #path: string | null;

  private constructor(file: Deno.FsFile, path: string | null, size: number) {
    this.#file = file;
    this.#path = path;
    this.size = size;
  }

  /**
   * Writes all bytes of a stream to the folder for temporary files.
   * @throws ChatError `unavailable`; what the stream errors with, as it is
   */
  static async of(bytes: ReadableStream<Uint8Array>): Promise<Draft> {
    const path = await step(Deno.makeTempFile({ prefix: "echoroom_blob_" }));
    const file = await step(Deno.open(path, { read: true, write: true }));
    // Windows keeps the names of open files.
    const isNameless = await Deno.remove(path).then(() => true, () => false);
    const left = isNameless ? null : path;
    let size = 0;
    try {
      for await (const chunk of bytes) {
        for (let at = 0; at < chunk.length;) at += await step(file.write(chunk.subarray(at)));
        size += chunk.length;
      }
      return new Draft(file, left, size);
    } catch (error) {
      await new Draft(file, left, size)[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The bytes from a place on, at most so many; to be called one at a time. */
  async read(start: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(Math.min(length, this.size - start));
    await step(this.#file.seek(start, Deno.SeekMode.Start));
    for (let at = 0; at < bytes.length;) {
      at += await step(this.#file.read(bytes.subarray(at))) ?? bytes.length;
    }
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#file.close();
    if (this.#path !== null) await Deno.remove(this.#path);
  }
}
