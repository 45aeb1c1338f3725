/**
 * Merges the segments of the index's terms, in the embedded database, in short steps: FTS5 itself
 * would merge hundreds of pages in one commit, which other calls wait for.
 */
import type { Erased } from "./erasure.ts";
import type { Statements } from "./statements.ts";

/** Milliseconds of merging in one transaction. */
const MERGE_MS = 5;
/** Pages that are written before a look at the clock, and the rest of a term. */
const MERGE_PAGES = 4;
/** What passes over the index rest for each millisecond of work: each deletion asks for another. */
const REST = 19;

/** How far it is with what was deleted: its terms are in the segments until all are merged. */
const ERASURE = { done: 0, wanted: 1, running: 2 } as const;

/** Called in a transaction. */
export class SearchSegments {
  readonly #sql: Statements;
  /** Of the pass over all segments, in milliseconds. */
  #work = 0;
  #restsUntil = -Infinity;

  constructor(statements: Statements) {
    this.#sql = statements;
  }

  /** Merges some of those that have become too many. */
  mergeSome(): void {
    this.#mergeFor(MERGE_MS, MERGE_PAGES);
  }

  /** Terms were deleted. */
  requestErasure(): void {
    this.#setErasure(ERASURE.wanted);
  }

  /** There are no segments any more. */
  cancelErasure(): void {
    this.#setErasure(ERASURE.done);
  }

  /** Whether `eraseSome` has something to do. */
  get mustErase(): boolean {
    return this.#erasure() !== ERASURE.done;
  }

  /**
   * Does a part of it.
   * @returns "resting" where it is too early for another pass
   */
  eraseSome(): Exclude<Erased, "blocked"> {
    const state = this.#erasure();
    if (state === ERASURE.done) return "erased";
    const isFirst = state === ERASURE.wanted;
    const start = performance.now();
    if (isFirst && start < this.#restsUntil) return "resting";
    if (isFirst) this.#setErasure(ERASURE.running);
    // A negative number begins with all segments, also those that are not due; others continue.
    const isDone = this.#mergeFor(MERGE_MS, isFirst ? -MERGE_PAGES : MERGE_PAGES);
    const end = performance.now();
    this.#work += end - start;
    if (!isDone) return "unfinished";
    this.#restsUntil = end + REST * this.#work;
    this.#work = 0;
    this.#setErasure(ERASURE.done);
    return "erased";
  }

  /**
   * @param firstPages what the first step takes
   * @returns whether nothing was left to merge
   */
  #mergeFor(ms: number, firstPages: number): boolean {
    const end = performance.now() + ms;
    let pages = firstPages;
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

  #erasure(): number {
    return Number(this.#sql.prepare("SELECT erasure FROM search_state").get()?.erasure);
  }

  #setErasure(state: number): void {
    this.#sql.prepare("UPDATE search_state SET erasure = ?").run(state);
  }
}
