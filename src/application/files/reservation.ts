/** The room of an upload in its owner's quota: it grows as bytes come of which nobody said how many. */
import { ChatError } from "../../domain/errors.ts";
import type { File } from "../../domain/file.ts";
import type { Dependencies } from "../dependencies.ts";

/** Bytes reserved beyond those that have come: each step twice the one before, so that steps are few. */
const MIN_STEP = 4 * 1024;
const FIRST_STEP = 64 * 1024;
const MAX_STEP = 4 * 1024 * 1024;

export class Reservation {
  readonly #dependencies: Pick<Dependencies, "store" | "fileLimits">;
  readonly #id: string;
  #bytes: number;
  #step = FIRST_STEP;

  /** @param file an upload, with what it has reserved */
  constructor(
    dependencies: Pick<Dependencies, "store" | "fileLimits">,
    { id, quotaBytes }: Pick<File, "id" | "quotaBytes">,
  ) {
    this.#dependencies = dependencies;
    this.#id = id;
    this.#bytes = quotaBytes;
  }

  /**
   * Makes sure that there is room for so many bytes; near the end of the quota step by smaller step, so
   * that a file fits which takes all of the rest.
   * @throws ChatError `quota_exceeded`, `unavailable`
   */
  async cover(size: number): Promise<void> {
    while (size > this.#bytes) {
      const { store, fileLimits: { maxFileSize, maxFilesPerUser } } = this.#dependencies;
      const wanted = Math.max(size, Math.min(size + this.#step, maxFileSize));
      if (await store.files.reserve(this.#id, wanted, maxFilesPerUser)) {
        this.#bytes = wanted;
        this.#step = Math.min(Math.max(this.#step * 2, MIN_STEP), MAX_STEP);
      } else if (wanted > size) {
        this.#step = this.#step > MIN_STEP ? this.#step / 4 : 0;
      } else {
        throw quotaExceeded();
      }
    }
  }
}

export function quotaExceeded(): ChatError {
  return new ChatError("quota_exceeded", "Your files take all the room that you have.");
}
