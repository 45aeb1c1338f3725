/** Who is in one room, here and on other instances, and what has changed since it was last taken. */
import { type PublicUser, publicUser } from "../domain/user.ts";

/** A user in the room: with so many sockets here, and on these other instances. */
interface Present {
  user: PublicUser;
  sockets: number;
  elsewhere: Set<string>;
}

/** What has changed since it was last taken, and how many are in the room now. */
export interface Changes {
  joined: PublicUser[];
  left: PublicUser[];
  count: number;
}

export class Roster {
  readonly #present = new Map<string, Present>();
  readonly #joined = new Map<string, PublicUser>();
  readonly #left = new Map<string, PublicUser>();
  /** Ids of those who have left before an update named them as joined. */
  readonly #unannounced = new Set<string>();
  readonly #limit: number;
  /** Whom `show` named last; null when it may name others now. */
  #shown: readonly PublicUser[] | null = null;

  /** @param limit how many users a joiner is shown at most */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many are in the room. */
  get count(): number {
    return this.#present.size;
  }

  /**
   * Whom a joiner is shown, and how many there are in all: those in the room, and those who have
   * left and whose leaving the next update tells, the joiner as well. Returns the same array as
   * before if it would name the same.
   */
  show(): { users: readonly PublicUser[]; count: number } {
    this.#shown ??= this.#choose();
    return { users: this.#shown, count: this.#present.size + this.#left.size };
  }

  /** Those with a socket on this instance. */
  here(): PublicUser[] {
    return this.#present.values().filter(({ sockets }) => sockets > 0)
      .map(({ user }) => user).toArray();
  }

  /** One more socket here. Returns whether it is the user's first here. */
  enter(user: PublicUser): boolean {
    const present = this.#present.get(user.id) ?? this.#appear(user);
    return present.sockets++ === 0;
  }

  /** One socket fewer here. Returns whether it was the user's last here. */
  leave(userId: string): boolean {
    const present = this.#present.get(userId);
    if (!present || present.sockets === 0 || --present.sockets > 0) return false;
    this.#removeIfGone(present);
    return true;
  }

  /** Replaces the users on another instance. */
  replace(instance: string, users: readonly PublicUser[]): void {
    const ids = new Set(users.map(({ id }) => id));
    for (const present of this.#present.values()) {
      if (!ids.has(present.user.id)) this.#removeFrom(instance, present);
    }
    for (const user of users) {
      const present = this.#present.get(user.id) ?? this.#reappear(user);
      present.elsewhere.add(instance);
    }
  }

  /** Shows a user as they are now. */
  showProfile(user: PublicUser): void {
    const present = this.#present.get(user.id);
    // The pending changes hold the same object.
    if (present) Object.assign(present.user, user);
    this.#shown = null;
  }

  /** What has changed since the last call. */
  takeChanges(): Changes {
    const changes = {
      joined: [...this.#joined.values()],
      left: [...this.#left.values()],
      count: this.count,
    };
    if (this.#left.size > 0) this.#shown = null;
    this.#joined.clear();
    this.#left.clear();
    this.#unannounced.clear();
    return changes;
  }

  /** Whether there are changes to take. */
  get changed(): boolean {
    return this.#joined.size > 0 || this.#left.size > 0;
  }

  #choose(): PublicUser[] {
    const present = this.#present.values().take(this.#limit).map(({ user }) => user).toArray();
    return [...present, ...this.#left.values().take(this.#limit - present.length)];
  }

  #appear(someone: PublicUser): Present {
    // At the limit the users named stay the same.
    if (this.#present.size < this.#limit) this.#shown = null;
    const user = publicUser(someone);
    const present = { user, sockets: 0, elsewhere: new Set<string>() };
    this.#present.set(user.id, present);
    // Of several joins and leaves between two updates the last counts.
    this.#left.delete(user.id);
    this.#joined.set(user.id, user);
    return present;
  }

  /** As `appear`, but a user who has moved between instances does not count as joining. */
  #reappear(user: PublicUser): Present {
    const moved = this.#left.has(user.id) && !this.#unannounced.has(user.id);
    const present = this.#appear(user);
    if (moved) this.#joined.delete(user.id);
    return present;
  }

  #removeFrom(instance: string, present: Present): void {
    if (present.elsewhere.delete(instance)) this.#removeIfGone(present);
  }

  #removeIfGone({ user, sockets, elsewhere }: Present): void {
    if (sockets > 0 || elsewhere.size > 0) return;
    this.#shown = null;
    this.#present.delete(user.id);
    if (this.#joined.delete(user.id)) this.#unannounced.add(user.id);
    this.#left.set(user.id, user);
  }
}
