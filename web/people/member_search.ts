/** The members of a room, found while their names are typed: also those who are not there. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { PublicUser } from "../../src/client/mod.ts";
import { fold } from "../fold.ts";

/** Asks the server for members; `isComplete` if it has no more of them. */
export type FindMembers = (
  query: string,
) => Promise<{ found: readonly PublicUser[]; isComplete: boolean }>;

/** How long nothing is typed when the server is asked. */
const PAUSE_MS = 150;
/** As long others who become members meanwhile may be missing. */
const FRESH_MS = 60_000;
/** So many are kept of all who were found. */
const MAX_KEPT = 1_000;

export class MemberSearch {
  readonly #find: FindMembers;
  readonly #pauseMs: number;
  readonly #found = signal<readonly PublicUser[]>([]);
  /** What was answered completely, folded, and when: then so is all that begins with it. */
  #answered: { query: string; at: number }[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(find: FindMembers, pauseMs = PAUSE_MS) {
    this.#find = find;
    this.#pauseMs = pauseMs;
  }

  /** All who were found, the last ones first. */
  get found(): ReadonlySignal<readonly PublicUser[]> {
    return this.#found;
  }

  /** @param query the beginning of a word of their names; `""` for anybody */
  search(query: string): void {
    this.end();
    const wanted = fold(query.trim());
    const isKnown = this.#fresh().some(({ query }) => wanted.startsWith(query));
    if (!isKnown) this.#timer = setTimeout(() => void this.#ask(query.trim()), this.#pauseMs);
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #fresh(): { query: string; at: number }[] {
    return this.#answered = this.#answered.filter(({ at }) => at > Date.now() - FRESH_MS);
  }

  async #ask(query: string): Promise<void> {
    const answer = await this.#find(query).catch(() => null);
    // The next key asks again.
    if (!answer) return;
    if (answer.isComplete) this.#answered.push({ query: fold(query), at: Date.now() });
    const ids = new Set(answer.found.map(({ id }) => id));
    const others = this.#found.peek().filter(({ id }) => !ids.has(id));
    this.#found.value = [...answer.found, ...others].slice(0, MAX_KEPT);
  }
}
