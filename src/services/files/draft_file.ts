/** A file on the disk for what cannot be processed as it comes; it is gone with the process. */
import { unavailable } from "../../domain/errors.ts";

/** To be disposed of. */
export class DraftFile {
  readonly #file: Deno.FsFile;
  /** Null where it has no name any more. */
  readonly #path: string | null;

  private constructor(file: Deno.FsFile, path: string | null) {
    this.#file = file;
    this.#path = path;
  }

  /**
   * Writes the bytes to a new file in the folder for temporary ones.
   * @throws ChatError `unavailable` if the disk is full or the folder cannot be written; what the
   *   stream errors with, as it is
   */
  static async of(bytes: ReadableStream<Uint8Array>): Promise<DraftFile> {
    const draft = await DraftFile.#open().catch(notWritable);
    try {
      for await (const chunk of bytes) await draft.#write(chunk);
      return draft;
    } catch (error) {
      await draft[Symbol.asyncDispose]();
      throw error;
    }
  }

  async read(): Promise<Uint8Array> {
    const { size } = await this.#file.stat();
    await this.#file.seek(0, Deno.SeekMode.Start);
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size;) at += await this.#file.read(bytes.subarray(at)) ?? size;
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#file.close();
    if (this.#path !== null) await Deno.remove(this.#path);
  }

  async #write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length;) {
      at += await this.#file.write(chunk.subarray(at)).catch(notWritable);
    }
  }

  static async #open(): Promise<DraftFile> {
    const path = await Deno.makeTempFile({ prefix: "echoroom_upload_" });
    const file = await Deno.open(path, { read: true, write: true });
    // A process that is killed leaves nothing then; Windows keeps the names of open files.
    const isNameless = await Deno.remove(path).then(() => true, () => false);
    return new DraftFile(file, isNameless ? null : path);
  }
}

function notWritable(cause: unknown): never {
  throw unavailable("The disk for temporary files is full, or cannot be written.", cause);
}
