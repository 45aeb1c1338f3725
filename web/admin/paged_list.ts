/** A list of the server, read page by page, and anew when that is asked for. */
import { type ReadonlySignal, signal } from "@preact/signals";

/** A part of the list, and where the next begins; null at the end. */
export interface Page<T> {
  items: readonly T[];
  nextCursor: string | null;
}

/** Reads the page that begins at a cursor, or the first one. */
export type ReadPage<T> = (cursor?: string) => Promise<Page<T>>;

export class PagedList<T> {
  readonly #read: ReadPage<T>;
  readonly #items = signal<readonly T[] | null>(null);
  readonly #next = signal<string | null>(null);
  readonly #readAt = signal<number | null>(null);
  readonly #fault = signal("");
  readonly #isBusy = signal(false);
  /** Counts the readings: answers to an older one are ignored. */
  #reading = 0;
  #pages = 0;

  constructor(read: ReadPage<T>) {
    this.#read = read;
  }

  /** What was read so far; null until the first page is there. */
  get items(): ReadonlySignal<readonly T[] | null> {
    return this.#items;
  }

  /** The cursor of what has not been read yet; null if that is nothing. */
  get next(): ReadonlySignal<string | null> {
    return this.#next;
  }

  /** When the list was read from its beginning, as of `Date.now()`. */
  get readAt(): ReadonlySignal<number | null> {
    return this.#readAt;
  }

  /** Why it could not be read; `""` for no reason. */
  get fault(): ReadonlySignal<string> {
    return this.#fault;
  }

  get isBusy(): ReadonlySignal<boolean> {
    return this.#isBusy;
  }

  /** Reads it from its beginning; what is shown stays until that is there. */
  async reload(): Promise<void> {
    await this.#load();
  }

  /** Reads another list in its place: what is shown goes. */
  async reset(): Promise<void> {
    this.#items.value = null;
    this.#next.value = null;
    await this.#load();
  }

  /** Reads it again, unless that would take away pages that the user has asked for. */
  async refresh(): Promise<void> {
    if (this.#pages <= 1) await this.#load();
  }

  /** Reads the next page. */
  async more(): Promise<void> {
    const cursor = this.#next.value;
    if (cursor !== null && !this.#isBusy.value) await this.#load(cursor);
  }

  async #load(cursor?: string): Promise<void> {
    const reading = ++this.#reading;
    this.#isBusy.value = true;
    try {
      const { items, nextCursor } = await this.#read(cursor);
      if (reading !== this.#reading) return;
      const before = cursor === undefined ? [] : this.#items.value ?? [];
      this.#pages = cursor === undefined ? 1 : this.#pages + 1;
      if (cursor === undefined) this.#readAt.value = Date.now();
      this.#items.value = [...before, ...items];
      this.#next.value = nextCursor;
      this.#fault.value = "";
    } catch (error) {
      if (reading === this.#reading) this.#fault.value = (error as Error).message;
    }
    if (reading === this.#reading) this.#isBusy.value = false;
  }
}
