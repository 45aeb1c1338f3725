/** What others see of users, by id: read once and kept while it is in use. */
import { LRUCache } from "lru-cache";
import { type PublicUser, publicUser } from "../domain/user.ts";
import type { Bus } from "../ports/bus.ts";
import type { UserStore } from "../ports/store/users.ts";

const MAX_KEPT = 10_000;
/** How long a change that the bus has lost stays unseen. */
const TTL_MS = 60_000;

export class PublicUsers {
  readonly #store: UserStore;
  readonly #known = new LRUCache<string, PublicUser>({ max: MAX_KEPT, ttl: TTL_MS });
  #changes = 0;

  constructor(store: UserStore, bus: Bus) {
    this.#store = store;
    bus.subscribe((event) => {
      if (event.kind === "profile_changed") this.#change(() => this.#add(event.user));
      if (event.kind === "interrupted") this.#change(() => this.#known.clear());
    });
  }

  /** Keeps a user as an event shows them, unless more is known. */
  learn(user: PublicUser): void {
    if (!this.#known.has(user.id)) this.#add(user);
  }

  /** A user, without a look-up in the store. */
  known(id: string): PublicUser | undefined {
    return this.#known.get(id);
  }

  /**
   * These users; those that do not exist are left out.
   * @throws ChatError `unavailable`
   */
  async find(ids: readonly string[]): Promise<PublicUser[]> {
    // Now: what is kept may expire while the others are read.
    const found = new Map<string, PublicUser>();
    for (const id of ids) {
      const user = this.#known.get(id);
      if (user) found.set(id, user);
    }
    const missing = ids.filter((id) => !found.has(id));
    const changes = this.#changes;
    const read = missing.length > 0 ? await this.#store.findPublic(missing) : [];
    // What was read before a change may be older than it.
    if (changes === this.#changes) { for (const user of read) this.#add(user); }
    for (const user of read) found.set(user.id, publicUser(user));
    return ids.flatMap((id) => this.#known.get(id) ?? found.get(id) ?? []);
  }

  #add(user: PublicUser): void {
    this.#known.set(user.id, publicUser(user));
  }

  #change(apply: () => void): void {
    this.#changes++;
    apply();
  }
}
