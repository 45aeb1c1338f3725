/** People found by the beginnings of the words of their names, while the user types. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { PublicUser } from "../../src/client/mod.ts";
import { fold } from "../fold.ts";

/** Asks the server for people. */
export type FindPeople = (query: string) => Promise<readonly PublicUser[]>;

export interface PeopleSearchOptions {
  /** How long the user has not typed when the server is asked, in ms. */
  pauseMs?: number;
  /** Whether people are suggested before anything is typed. */
  suggests?: boolean;
}

export class PeopleSearch {
  readonly #find: FindPeople;
  readonly #pauseMs: number;
  readonly #suggests: boolean;
  readonly #found = signal<readonly PublicUser[]>([]);
  readonly #fault = signal("");
  readonly #isSettled = signal(true);
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts the searches: answers to an older one are ignored. */
  #searches = 0;

  constructor(find: FindPeople, { pauseMs = 150, suggests = false }: PeopleSearchOptions = {}) {
    this.#find = find;
    this.#pauseMs = pauseMs;
    this.#suggests = suggests;
  }

  get found(): ReadonlySignal<readonly PublicUser[]> {
    return this.#found;
  }

  /** Why the last search failed; `""` if it did not. */
  get fault(): ReadonlySignal<string> {
    return this.#fault;
  }

  /** Whether what is found belongs to what was typed last. */
  get isSettled(): ReadonlySignal<boolean> {
    return this.#isSettled;
  }

  /** Of what was found before, what still fits stays until there is an answer. */
  search(query: string): void {
    this.end();
    const wanted = fold(query.trim());
    this.#found.value = this.#found.value.filter((user) => fold(user.displayName).includes(wanted));
    if (query.trim() === "" && !this.#suggests) return void (this.#found.value = []);
    const search = this.#searches;
    this.#isSettled.value = false;
    this.#timer = setTimeout(() => this.#ask(query, search), this.#pauseMs);
  }

  /** Waits for no answer any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#searches++;
    this.#isSettled.value = true;
  }

  async #ask(query: string, search: number): Promise<void> {
    let [found, fault]: [readonly PublicUser[], string] = [[], ""];
    try {
      found = await this.#find(query.trim());
    } catch (error) {
      fault = (error as Error).message;
    }
    if (search !== this.#searches) return;
    this.#found.value = found;
    this.#fault.value = fault;
    this.#isSettled.value = true;
  }
}
