/** Who is online in a room: the list of its join, kept current by presence updates. */
import type { ServerEvents } from "../protocol/wire/events.ts";
import { NAMED_ONLINE } from "../protocol/wire/limits.ts";
import type { PublicUser } from "../protocol/wire/users.ts";
import { Observed } from "./observable.ts";
import type { Attendance } from "./room.ts";

/** The list is not asked for again within this time. */
const RELOAD_MS = 2_000;
const NOBODY: Attendance = { count: null, users: [] };

export class OnlineUsers {
  readonly observed: Observed<Attendance> = new Observed(() => this.#list());

  readonly #users = new Map<string, PublicUser>();
  #count: number | null = null;
  /** When the list was last received or asked for, in milliseconds as of `Date.now()`. */
  #listedAt = 0;

  /** Takes the whole list. */
  join({ online, onlineCount }: ServerEvents["room:joined"]): void {
    this.#users.clear();
    for (const user of online) this.#users.set(user.id, user);
    this.#count = onlineCount;
    this.#listedAt = Date.now();
    this.observed.changed();
  }

  /** Takes a change. Returns whether the whole list has to be asked for. */
  update({ joined, left, count }: ServerEvents["presence:update"]): boolean {
    for (const user of joined) this.#users.set(user.id, user);
    for (const { id } of left) this.#users.delete(id);
    this.#count = count;
    this.observed.changed();
    // Above that number nobody is named: below it again the list is incomplete.
    if (count > NAMED_ONLINE || count === this.#users.size) return false;
    if (Date.now() - this.#listedAt < RELOAD_MS) return false;
    this.#listedAt = Date.now();
    return true;
  }

  /** The connection was lost: nothing is known. */
  clear(): void {
    this.#users.clear();
    this.#count = null;
    this.observed.changed();
  }

  #list(): Attendance {
    if (this.#count === null) return NOBODY;
    const users = [...this.#users.values()];
    users.sort((a, b) => a.displayName.localeCompare(b.displayName));
    return { count: this.#count, users };
  }
}
