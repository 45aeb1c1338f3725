/** Takes the terms of deleted messages out of the index's segments, in the embedded database. */
import type { Erased } from "./erasure.ts";
import type { Statements } from "./statements.ts";

/** Milliseconds of merging in one transaction, which other calls wait for. */
const MERGE_MS = 5;
/** What passes over the index rest for each millisecond of work: each deletion asks for another. */
const REST = 19;
/** Pages that it writes before it looks at the clock, and the rest of a term. */
const MERGE_PAGES = 4;

/** How far it is with what was deleted: its terms are in the table's segments until these are merged. */
const ERASURE = { done: 0, wanted: 1, running: 2 } as const;

/** Called in a transaction. */
export class SearchErasure {
  readonly #sql: Statements;
  /** Of the pass over the index, in milliseconds. */
  #work = 0;
  #restsUntil = -Infinity;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  /** Terms were deleted. */
  request(): void {
    this.#set(ERASURE.wanted);
  }

  /** There are no segments any more. */
  cancel(): void {
    this.#set(ERASURE.done);
  }

  /** Whether `run` has something to do. */
  get isWanted(): boolean {
    return this.#state() !== ERASURE.done;
  }

  /**
   * Does a part of it.
   * @returns "resting" where it is too early for another pass
   */
  run(): Exclude<Erased, "blocked"> {
    const state = this.#state();
    if (state === ERASURE.done) return "erased";
    const start = performance.now();
    if (state === ERASURE.wanted && start < this.#restsUntil) return "resting";
    const isDone = this.#mergeSome(state === ERASURE.wanted);
    const end = performance.now();
    this.#work += end - start;
    if (!isDone) return "unfinished";
    this.#restsUntil = end + REST * this.#work;
    this.#work = 0;
    this.#set(ERASURE.done);
    return "erased";
  }

  /** Returns whether the pass is at its end. */
  #mergeSome(isFirst: boolean): boolean {
    // A negative number begins with all segments, also those that are not due; others continue.
    let pages = isFirst ? -MERGE_PAGES : MERGE_PAGES;
    if (isFirst) this.#set(ERASURE.running);
    const end = performance.now() + MERGE_MS;
    do {
      if (!this.#merge(pages)) return true;
      pages = MERGE_PAGES;
    } while (performance.now() < end);
    return false;
  }

  /** Returns whether there was something to merge, as the documentation of FTS5 says to tell. */
  #merge(pages: number): boolean {
    const before = this.#totalChanges();
    this.#sql.prepare("INSERT INTO search_terms (search_terms, rank) VALUES ('merge', ?)").run(
      pages,
    );
    return this.#totalChanges() - before >= 2;
  }

  #totalChanges(): number {
    return Number(this.#sql.prepare("SELECT total_changes() AS n").get()?.n);
  }

  #state(): number {
    return Number(this.#sql.prepare("SELECT erasure FROM search_state").get()?.erasure);
  }

  #set(state: number): void {
    this.#sql.prepare("UPDATE search_state SET erasure = ?").run(state);
  }
}
