/** Finds out whom sockets belong to; thousands of them may come back at once. */
import { Batcher } from "../async/batcher.ts";
import type { Identification, SessionStore } from "../ports/store/sessions.ts";

/** Sessions asked for at once. */
const MAX_BATCH = 500;

interface Question {
  sessionId: string;
  resolve(found: Identification | null): void;
  reject(error: unknown): void;
}

/** Asks the store for many sessions at once: what is asked while a question is under way is the next. */
export class Identifications {
  readonly #store: Pick<SessionStore, "identify">;
  readonly #questions = new Batcher<Question>(
    (waiting) => this.#answer(waiting.splice(0, MAX_BATCH)),
  );

  constructor(store: Pick<SessionStore, "identify">) {
    this.#store = store;
  }

  /**
   * A session with its user, read from the store after this call; null if there is no such session.
   * @throws ChatError `unavailable`
   */
  find(sessionId: string): Promise<Identification | null> {
    return new Promise((resolve, reject) => this.#questions.add({ sessionId, resolve, reject }));
  }

  async #answer(questions: readonly Question[]): Promise<void> {
    try {
      const found = await this.#store.identify(questions.map(({ sessionId }) => sessionId));
      for (const { sessionId, resolve } of questions) resolve(found.get(sessionId) ?? null);
    } catch (error) {
      for (const { reject } of questions) reject(error);
    }
  }
}
