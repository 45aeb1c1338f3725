/** Who is an admin of the server, as this instance knows it. */
import { SingleFlight } from "../async/single_flight.ts";
import type { Bus } from "../ports/bus.ts";
import type { UserStore } from "../ports/store/users.ts";

/** How long a change that the bus has lost stays unseen. */
const RECENT_MS = 10_000;

/** Admins are few, so that all of them are known and a request costs no look-up of its user. */
export class Admins {
  readonly #store: Pick<UserStore, "admins">;
  readonly #reads = new SingleFlight(() => this.#read());
  #ids: ReadonlySet<string> = new Set();
  #readAt = -Infinity;
  #changes = 0;

  constructor(store: Pick<UserStore, "admins">, bus: Bus) {
    this.#store = store;
    bus.subscribe((event) => {
      if (event.kind !== "role_changed") return;
      this.#changes++;
      const others = [...this.#ids].filter((id) => id !== event.userId);
      this.#ids = new Set(event.role === "admin" ? [...others, event.userId] : others);
      // The event may be late: the store has the last word.
      this.#readAt = -Infinity;
    });
  }

  /** Whether a user is an admin, without a look-up in the store: false while none was made. */
  known(userId: string): boolean {
    return this.#ids.has(userId);
  }

  /**
   * Whether a user is an admin, as it was at most 10 s ago.
   * @throws ChatError `unavailable`
   */
  async has(userId: string): Promise<boolean> {
    if (performance.now() - this.#readAt > RECENT_MS) await this.refresh();
    return this.#ids.has(userId);
  }

  /**
   * Reads all admins from the store.
   * @throws ChatError `unavailable`
   */
  refresh(): Promise<void> {
    return this.#reads.run();
  }

  async #read(): Promise<void> {
    const at = performance.now();
    const changes = this.#changes;
    const ids = await this.#store.admins();
    // What was read before a change may be older than it.
    if (changes !== this.#changes) return await this.#read();
    this.#ids = new Set(ids);
    this.#readAt = at;
  }
}
