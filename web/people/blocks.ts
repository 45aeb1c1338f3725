/** Whom the user has blocked: read from the server when it is asked for, and changed there. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Api, PublicUser } from "../../src/client/mod.ts";
import { blockUser, listBlocks, unblockUser } from "../../src/client/rest/mod.ts";
import { MAX_PAGE_SIZE } from "../../src/protocol/wire/limits.ts";

const MAX_PAGES = 10;

export class Blocks {
  readonly #api: Api;
  readonly #users = signal<readonly PublicUser[] | null>(null);

  constructor(api: Api) {
    this.#api = api;
  }

  /** Null until they were loaded. */
  get users(): ReadonlySignal<readonly PublicUser[] | null> {
    return this.#users;
  }

  /** Reads them anew: they may have changed on another device. */
  async load(): Promise<void> {
    const users: PublicUser[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < MAX_PAGES; page++) {
      const query = { limit: MAX_PAGE_SIZE, ...(cursor !== null && { cursor }) };
      const { blocks, nextCursor } = await listBlocks(this.#api, query);
      users.push(...blocks.map(({ user }) => user));
      cursor = nextCursor;
      if (cursor === null) break;
    }
    this.#users.value = users;
  }

  async block(user: PublicUser): Promise<void> {
    await blockUser(this.#api, user.id);
    this.#users.value = [...this.#without(user), user];
  }

  async unblock(user: PublicUser): Promise<void> {
    await unblockUser(this.#api, user.id);
    this.#users.value = this.#without(user);
  }

  #without({ id }: PublicUser): PublicUser[] {
    return (this.#users.peek() ?? []).filter((user) => user.id !== id);
  }
}
