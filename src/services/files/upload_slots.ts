/** How many uploads one user may have under way on this instance. */
import { ChatError } from "../../domain/errors.ts";

/** More than the messages of two windows have files. */
export const MAX_UPLOADS = 25;

export class UploadSlots {
  readonly #underWay = new Map<string, number>();
  readonly #max: number;

  /** @param max for each user */
  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Takes one of the user's slots until it is disposed of.
   * @throws ChatError `rate_limited` if there is none
   */
  take(userId: string): Disposable {
    const taken = this.#underWay.get(userId) ?? 0;
    if (taken >= this.#max) {
      const message = `Only ${this.#max} uploads at once: wait for one to end.`;
      throw new ChatError("rate_limited", message, { retryAfter: 1 });
    }
    this.#underWay.set(userId, taken + 1);
    return { [Symbol.dispose]: () => this.#leave(userId) };
  }

  #leave(userId: string): void {
    const left = this.#underWay.get(userId)! - 1;
    if (left > 0) this.#underWay.set(userId, left);
    else this.#underWay.delete(userId);
  }
}
