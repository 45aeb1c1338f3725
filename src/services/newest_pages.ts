/** Caches the newest page of rooms' histories, each for as long as its log has not grown. */
import { LRUCache } from "lru-cache";
import type { Message } from "../domain/message.ts";
import type { Bus } from "../ports/bus.ts";
import type { Store } from "../ports/store/store.ts";
import type { RelatedInAnswer } from "./related.ts";

/** As `sizeOf` counts, for all pages together. */
const MAX_SIZE = 8 * 1024 * 1024;
/** What a value counts beside its content. */
const OVERHEAD = 16;
/** How long a sender may be shown under an old name if another process changed it in the store. */
const MAX_AGE_MS = 10_000;

/** The last messages of a room, oldest first, whether there are earlier ones, and what goes with them. */
export interface NewestPage {
  messages: Message[];
  related: RelatedInAnswer;
  hasMore: boolean;
}

interface CachedPage {
  page: NewestPage;
  /** Where the log ended before it was read: it shows all entries up to there. */
  end: number;
  epoch: number;
}

/**
 * A page is answered only after the store has said that the log still ends where it did, so that no
 * message and no change is missed. Names are exact where `bus` carries all changes of profiles in a
 * call.
 */
export class NewestPages {
  readonly #store: Pick<Store, "log" | "epoch">;
  readonly #pages = new LRUCache<string, CachedPage>({
    maxSize: MAX_SIZE,
    sizeCalculation: ({ page }) => sizeOf(page),
    ttl: MAX_AGE_MS,
  });
  /** Counts changes of profiles: what was read before one and arrives after it may be outdated. */
  #changes = 0;

  constructor(store: Pick<Store, "log" | "epoch">, bus: Pick<Bus, "subscribe">) {
    this.#store = store;
    bus.subscribe(({ kind }) => {
      if (kind !== "profile_changed" && kind !== "interrupted") return;
      this.#changes++;
      this.#pages.clear();
    });
  }

  /**
   * The newest page as it is in the store: the same object until it changes.
   * @param load reads it from the store
   */
  async read(
    roomId: string,
    limit: number,
    load: () => Promise<NewestPage>,
  ): Promise<NewestPage> {
    const key = `${limit} ${roomId}`;
    const { epoch } = this.#store;
    const { seq: end } = await this.#store.log.end(roomId);
    // Looked up after the end is known: a change of a profile may have dropped it meanwhile.
    const cached = this.#pages.get(key);
    if (cached?.end === end && cached.epoch === this.#store.epoch) return cached.page;
    const changes = this.#changes;
    const page = await load();
    if (changes === this.#changes) this.#pages.set(key, { page, end, epoch });
    return page;
  }
}

/** UTF-16 units of all names and strings in a value, and `OVERHEAD` for each value in it. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return OVERHEAD + value.length;
  if (typeof value !== "object" || value === null) return OVERHEAD;
  return Object.entries(value).reduce((size, [name, inner]) => {
    return size + name.length + sizeOf(inner);
  }, OVERHEAD);
}
