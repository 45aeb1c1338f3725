/** The users of the server, and what admins do with their accounts. */
import { signal } from "@preact/signals";
import type { User } from "../../src/client/mod.ts";
import {
  banUser,
  type FoundUser,
  type Restricting,
  searchUsers,
  setUserRole,
  unbanUser,
} from "../../src/client/rest/mod.ts";
import { MAX_PAGE_SIZE } from "../../src/protocol/wire/limits.ts";
import { PagedList } from "../paged_list.ts";
import type { Desk } from "./desk.ts";

/** As many as a search finds at most. */
export const MAX_FOUND = MAX_PAGE_SIZE;

export class Users {
  readonly list: PagedList<FoundUser>;
  /** Who is about to be banned, or to be given the role of an admin; null while nobody is. */
  readonly asked = signal<{ action: "ban" | "appoint"; user: FoundUser } | null>(null);
  readonly #desk: Desk;

  /** @param q beginnings of words of their names; `""` for anybody */
  constructor(desk: Desk, q: string) {
    this.#desk = desk;
    this.list = new PagedList(async () => {
      const items = await searchUsers(desk.client.api, { q, limit: MAX_FOUND });
      return { items, nextCursor: null };
    });
  }

  async ban({ id, displayName }: FoundUser, ban: Restricting): Promise<void> {
    await banUser(this.#desk.client.api, id, ban);
    this.#done(`${displayName} is banned from the server.`);
  }

  async unban({ id, displayName }: FoundUser): Promise<void> {
    await unbanUser(this.#desk.client.api, id);
    this.#done(`The ban of ${displayName} is lifted.`);
  }

  async setRole({ id, displayName }: FoundUser, role: User["role"]): Promise<void> {
    await setUserRole(this.#desk.client.api, id, role);
    this.#done(`${displayName} is ${role === "admin" ? "an admin" : "no admin any more"}.`);
  }

  #done(text: string): void {
    this.#desk.notice.say(text);
    void this.list.reload();
  }
}
