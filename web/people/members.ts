/** The members of a room as the pane shows them, and those who are banned or muted. */
import { effect, type ReadonlySignal, signal, untracked } from "@preact/signals";
import type { Api, Member, Restricted, Room, RoomRole } from "../../src/client/mod.ts";
import { listBans, listMembers, listMutes } from "../../src/client/rest/mod.ts";
import { PagedList } from "../paged_list.ts";

export type MembersSection = "members" | "banned" | "muted";

/** Typing ends so long before the server is asked. */
export const TYPED_MS = 250;

export class Members {
  readonly section = signal<MembersSection>("members");
  readonly role = signal<RoomRole | "">("");
  readonly members: PagedList<Member>;
  readonly banned: PagedList<Restricted>;
  readonly muted: PagedList<Restricted>;
  readonly #query = signal("");
  readonly #ends: (() => void)[];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(room: Room, api: Api) {
    this.members = new PagedList(async (page) => {
      const [q, role] = [this.#query.peek().trim(), this.role.peek()];
      const query = { ...page, ...(q && { q }), ...(role && { role }) };
      const { members, nextCursor } = await listMembers(api, room.id, query);
      return { items: members, nextCursor };
    });
    this.banned = new PagedList(async (page) => {
      const { bans, nextCursor } = await listBans(api, room.id, page);
      return { items: bans, nextCursor };
    });
    this.muted = new PagedList(async (page) => {
      const { mutes, nextCursor } = await listMutes(api, room.id, page);
      return { items: mutes, nextCursor };
    });
    this.#ends = [
      effect(() => {
        const list = this.shown;
        void [this.#query.value, this.role.value];
        untracked(() => void list.restart());
      }),
      // Each change of the members is a message of the system.
      room.on("message", ({ system }) => void (system && this.shown.reload())),
    ];
  }

  /** What is looked for: the beginning of a word of the name. */
  get query(): ReadonlySignal<string> {
    return this.#query;
  }

  get shown(): PagedList<Member | Restricted> {
    const { section, members, banned, muted } = this;
    return { members, banned, muted }[section.value] as PagedList<Member | Restricted>;
  }

  /** Looks for a name, once nothing more is typed for a moment. */
  search(query: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#query.value = query, TYPED_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const end of this.#ends) end();
    for (const list of [this.members, this.banned, this.muted]) list.close();
  }
}
