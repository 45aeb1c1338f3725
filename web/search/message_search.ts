/** A search in messages: what is looked for, what was found, and where the user came from. */
import { batch, type ReadonlySignal, signal } from "@preact/signals";
import type { EchoRoomError } from "../../src/client/mod.ts";
import type { SearchPage, SearchQuery, SearchResult } from "../../src/client/rest/mod.ts";
import { PagedList } from "../paged_list.ts";
import { NO_TERMS, queryOf, type SearchTerms } from "./terms.ts";

export type FindMessages = (query: SearchQuery) => Promise<SearchPage>;

export interface MessageSearchOptions {
  find: FindMessages;
  /** Tells that other terms are looked for. */
  changed(terms: SearchTerms): void;
  /** How long the user has not typed when the server is asked, in ms. */
  pauseMs?: number;
}

export class MessageSearch {
  readonly #options: MessageSearchOptions;
  readonly #terms = signal(NO_TERMS);
  readonly #results = signal<PagedList<SearchResult> | null>(null);
  readonly #isSettled = signal(true);
  /** The address at which the user was before. */
  origin = "#/";
  /** The message to which the user went from the results; `""` for none. */
  readonly picked = signal("");
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What the server is asked for now, or was last. */
  #asked: PagedList<SearchResult> | null = null;
  /** Counts the searches: answers to an older one are ignored. */
  #searches = 0;

  constructor(options: MessageSearchOptions) {
    this.#options = options;
  }

  get terms(): ReadonlySignal<SearchTerms> {
    return this.#terms;
  }

  /** What was found, or why it could not be; null if nothing is looked for. */
  get results(): ReadonlySignal<PagedList<SearchResult> | null> {
    return this.#results;
  }

  /** Whether the results belong to the terms. */
  get isSettled(): ReadonlySignal<boolean> {
    return this.#isSettled;
  }

  /** Looks for what an address names. The same again keeps its results. */
  show(terms: SearchTerms): void {
    if (isSame(terms, this.#terms.peek())) return;
    this.#take(terms);
    void this.search();
  }

  /** The user has changed what they look for. */
  change(part: Partial<SearchTerms>): void {
    this.#take({ ...this.#terms.peek(), ...part });
    this.#options.changed(this.#terms.peek());
    this.#cancel();
    this.#isSettled.value = false;
    this.#timer = setTimeout(() => this.search(), this.#options.pauseMs ?? 250);
  }

  /** Asks the server, without a pause. What was found before stays until there is an answer. */
  async search(): Promise<void> {
    const search = this.#cancel();
    const query = queryOf(this.#terms.peek());
    this.#isSettled.value = false;
    const results = query.q === "" ? null : new PagedList<SearchResult>(async (page) => {
      const found = this.#options.find({ ...query, ...page }).catch(explain);
      const { results, nextCursor } = await found;
      return { items: results, nextCursor };
    });
    this.#asked = results;
    await results?.restart();
    if (search !== this.#searches) return;
    batch(() => {
      this.#results.value?.close();
      this.#results.value = results;
      this.#isSettled.value = true;
    });
  }

  /** The user sees the results again: what was edited or deleted meanwhile goes. */
  async refresh(): Promise<void> {
    await this.#results.peek()?.reload();
  }

  /** Waits for no answer any more. */
  end(): void {
    this.#cancel();
    this.#results.value?.close();
  }

  /** Ends the search under way, and returns the number of the next. */
  #cancel(): number {
    clearTimeout(this.#timer);
    if (this.#asked !== this.#results.peek()) this.#asked?.close();
    return ++this.#searches;
  }

  #take(terms: SearchTerms): void {
    this.picked.value = "";
    this.#terms.value = terms;
  }
}

/** The server's words are about its parameters. */
function explain(error: EchoRoomError): never {
  if (error.code !== "validation_failed") throw error;
  throw new Error("Look for one word at least, and for 64 words and phrases at most.");
}

function isSame(a: SearchTerms, b: SearchTerms): boolean {
  return Object.entries(a).every(([name, value]) => value === b[name as keyof SearchTerms]);
}
