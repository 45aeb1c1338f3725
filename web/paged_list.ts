/** A list that the server gives page by page. */
import { batch, type ReadonlySignal, signal } from "@preact/signals";
import { MAX_PAGE_SIZE, PAGE_SIZE } from "../src/protocol/wire/limits.ts";

export interface Page<T> {
  items: readonly T[];
  /** Null at the end. */
  nextCursor: string | null;
}

export interface PageRequest {
  limit: number;
  /** The `nextCursor` of the page before; without it the first is asked for. */
  cursor?: string;
}

export type ReadPage<T> = (page: PageRequest) => Promise<Page<T>>;

/** Read at once when the list is read again: what was shown beyond is loaded by scrolling. */
const MAX_RELOADED = 500;
/** Pages without an item that are read in a row: more are read when the user asks for more. */
const MAX_EMPTY_PAGES = 5;

export class PagedList<T> {
  readonly #read: ReadPage<T>;
  readonly #items = signal<readonly T[] | null>(null);
  readonly #fault = signal("");
  readonly #cursor = signal<string | null>(null);
  readonly #readAt = signal<number | null>(null);
  /** Counts the readings: an answer to an older one is ignored. */
  #reading = 0;
  #isReading = false;
  /** Whether the list has changed while it was read. */
  #isStale = false;

  constructor(read: ReadPage<T>) {
    this.#read = read;
  }

  /** What is loaded; null before the first page. */
  get items(): ReadonlySignal<readonly T[] | null> {
    return this.#items;
  }

  /** Why it could not be read; `""` if it could. */
  get fault(): ReadonlySignal<string> {
    return this.#fault;
  }

  /** When it was read from its beginning, as of `Date.now()`; null before. */
  get readAt(): ReadonlySignal<number | null> {
    return this.#readAt;
  }

  get hasMore(): boolean {
    return this.#cursor.value !== null;
  }

  /** Begins anew, because something else is asked for. */
  async restart(): Promise<void> {
    this.#reading++;
    this.#isReading = false;
    await this.#load(1);
  }

  /** Adds the next page. Does nothing while one is read. */
  async loadMore(): Promise<void> {
    const cursor = this.#cursor.peek();
    if (cursor === null || this.#isReading) return;
    await this.#run(async () => {
      const page = await this.#read({ limit: PAGE_SIZE, cursor });
      return { ...page, items: [...this.#items.peek() ?? [], ...page.items] };
    });
  }

  /** Reads again what is shown, and keeps it meanwhile. */
  async reload(): Promise<void> {
    this.#isStale = this.#isReading;
    if (this.#isReading) return;
    await this.#load(Math.min(this.#items.peek()?.length || PAGE_SIZE, MAX_RELOADED));
  }

  /** Ignores what is still read. */
  close(): void {
    this.#reading++;
  }

  #load(count: number): Promise<void> {
    return this.#run(async (isAwaited) => {
      const items: T[] = [];
      let cursor: string | null = null;
      let emptyPages = 0;
      do {
        const limit = Math.min(Math.max(count - items.length, PAGE_SIZE), MAX_PAGE_SIZE);
        const page: Page<T> = await this.#read({ limit, ...(cursor && { cursor }) });
        items.push(...page.items);
        cursor = page.nextCursor;
        emptyPages = page.items.length === 0 ? emptyPages + 1 : 0;
      } while (
        cursor !== null && items.length < count && emptyPages < MAX_EMPTY_PAGES && isAwaited()
      );
      this.#readAt.value = Date.now();
      return { items, nextCursor: cursor };
    });
  }

  /** @param read may end early where nobody awaits its answer any more */
  async #run(read: (isAwaited: () => boolean) => Promise<Page<T>>): Promise<void> {
    const reading = ++this.#reading;
    this.#isReading = true;
    let [page, fault]: [Page<T> | null, string] = [null, ""];
    try {
      page = await read(() => reading === this.#reading);
    } catch (error) {
      fault = (error as Error).message;
    }
    if (reading !== this.#reading) return;
    this.#isReading = false;
    batch(() => {
      this.#fault.value = fault;
      if (!page) return;
      this.#items.value = page.items;
      this.#cursor.value = page.nextCursor;
    });
    if (!this.#isStale) return;
    this.#isStale = false;
    await this.reload();
  }
}
