/** A file on the disk for what cannot be processed as it comes; it is gone with the process. */
import { settleStep } from "../async/step.ts";
import { unavailable } from "../domain/errors.ts";

/** To be disposed of. */
export class DraftFile {
  readonly #file: Deno.FsFile;
  /** Null where it has no name any more. */
  readonly #path: string | null;
  #size = 0;

  private constructor(file: Deno.FsFile, path: string | null) {
    this.#file = file;
    this.#path = path;
  }

  /**
   * Writes all bytes of a stream to a new file in the folder for temporary ones.
   * @throws ChatError `unavailable` if the disk is full, or the folder cannot be written or does not
   *   answer; what the stream errors with, as it is
   */
  static async of(bytes: ReadableStream<Uint8Array>): Promise<DraftFile> {
    const opening = DraftFile.#open();
    const draft = await settleStep(opening, fail).catch((error) => {
      // It may be there after it was given up.
      opening.then((late) => late[Symbol.asyncDispose]()).catch(() => {});
      throw error;
    });
    try {
      for await (const chunk of bytes) await draft.#write(chunk);
      return draft;
    } catch (error) {
      await draft[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  /**
   * The bytes from a place on, at most so many; to be called one at a time.
   * @throws ChatError `unavailable`
   */
  async read(start = 0, length = Infinity): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(Math.min(length, this.#size - start));
    await settleStep(this.#file.seek(start, Deno.SeekMode.Start), fail);
    for (let at = 0; at < bytes.length;) {
      at += await settleStep(this.#file.read(bytes.subarray(at)), fail) ?? bytes.length;
    }
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#file.close();
    if (this.#path !== null) await Deno.remove(this.#path);
  }

  async #write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length;) {
      at += await settleStep(this.#file.write(chunk.subarray(at)), fail);
    }
    this.#size += chunk.length;
  }

  static async #open(): Promise<DraftFile> {
    const path = await Deno.makeTempFile({ prefix: "echoroom_" });
    const file = await Deno.open(path, { read: true, write: true });
    // A process that is killed leaves nothing then; Windows keeps the names of open files.
    const isNameless = await Deno.remove(path).then(() => true, () => false);
    return new DraftFile(file, isNameless ? null : path);
  }
}

function fail(cause?: unknown): never {
  throw unavailable("The disk for temporary files is full, or cannot be used.", cause);
}
