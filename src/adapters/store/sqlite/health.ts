/** Whether the embedded store works, judged by its calls' outcomes; logs when that changes. */
import { getLogger } from "@logtape/logtape";
import { unavailable } from "../../../domain/errors.ts";
import type { Failure } from "./calls.ts";

const logger = getLogger(["echoroom", "store"]);

export class Health {
  readonly #path: string;
  /** For how long a failed call outweighs a probe: on a nearly full disk small writes succeed. */
  readonly #memoryMs: number;
  #failed: { message: string; at: number } | null = null;
  #down = false;

  constructor(path: string, memoryMs: number) {
    this.#path = path;
    this.#memoryMs = memoryMs;
  }

  /** A call has failed because the database cannot be used. */
  callFailed({ message, detail }: Failure): void {
    this.#failed = { message, at: performance.now() };
    this.notifyDown(message, detail);
  }

  /** A call that writes has succeeded. */
  writeSucceeded(): void {
    this.#failed = null;
    this.#notifyUp();
  }

  /**
   * A probe has succeeded.
   * @throws ChatError `unavailable` with the cause if a call has failed a short time ago
   */
  probeSucceeded(): void {
    if (this.#failed && performance.now() - this.#failed.at < this.#memoryMs) {
      throw unavailable(this.#failed.message);
    }
    this.writeSucceeded();
  }

  notifyDown(cause: string, detail = cause): void {
    if (this.#down) return;
    this.#down = true;
    logger.error("The database {path} cannot be used: {cause}", {
      path: this.#path,
      cause,
      detail,
    });
  }

  #notifyUp(): void {
    if (!this.#down) return;
    this.#down = false;
    logger.info("The database {path} can be used again", { path: this.#path });
  }
}
