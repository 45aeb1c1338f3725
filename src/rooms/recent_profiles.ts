/** Recent changes of profiles, to correct what was read or sent before them. */
import { LRUCache } from "lru-cache";
import type { NewRoom } from "../domain/room.ts";
import { type PublicUser, publicUser } from "../domain/user.ts";
import type { BusEvent } from "../ports/bus.ts";

/** Longer than any read, append and event is under way. */
const KEPT_MS = 30_000;
const MAX_KEPT = 10_000;

export class RecentProfiles {
  readonly #recent: LRUCache<string, { user: PublicUser; change: number }>;
  #changes = 0;

  /** @param maxKept how many users' changes are kept; space for them is reserved at once */
  constructor(maxKept = MAX_KEPT) {
    this.#recent = new LRUCache({ max: maxKept, ttl: KEPT_MS });
  }

  /** How many changes were received so far; taken before a read begins, see `changedSince`. */
  get changes(): number {
    return this.#changes;
  }

  receive(event: BusEvent): void {
    if (event.kind === "profile_changed") {
      this.#recent.set(event.user.id, { user: publicUser(event.user), change: ++this.#changes });
    }
    // Changes may have been lost: what was received last may not be the newest.
    if (event.kind === "interrupted") this.#recent.clear();
  }

  /** The user as they are now if they changed in the last 30 s, else as given. */
  current(user: PublicUser): PublicUser {
    return this.#recent.get(user.id)?.user ?? user;
  }

  /** A room with the users in it as they are now. */
  inRoom<R extends Pick<NewRoom, "createdBy" | "members">>(room: R): R {
    const createdBy = this.current(room.createdBy);
    const members = room.members?.map((user) => this.current(user));
    return { ...room, createdBy, ...(members && { members }) };
  }

  /** Whether the user changed in the last 30 s. */
  has(userId: string): boolean {
    return this.#changes > 0 && this.#recent.has(userId);
  }

  /** The user as they are now if they changed after `changes` was read, else null. */
  changedSince(changes: number, userId: string): PublicUser | null {
    if (changes === this.#changes) return null;
    const recent = this.#recent.get(userId);
    return recent && recent.change > changes ? recent.user : null;
  }
}
