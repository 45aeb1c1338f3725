/** The audit log: what moderators and admins did. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { PublicUser, RoomInfo } from "../../src/client/mod.ts";
import { type AuditEntry, listAudit, listRooms } from "../../src/client/rest/mod.ts";
import type { Desk } from "./desk.ts";
import { PagedList } from "./paged_list.ts";

const PAGE = 30;
/** As many of the user's own rooms as are offered. */
const MAX_ROOMS = 200;

export class Audit {
  /** The only action that is listed; `""` for all. */
  readonly action = signal("");
  /** The only user whose actions are listed; null for all. */
  readonly actor = signal<PublicUser | null>(null);
  readonly list: PagedList<AuditEntry>;
  readonly #desk: Desk;
  readonly #ownRooms = signal<readonly RoomInfo[]>([]);

  /** @param room the id or slug of the only room whose entries are listed; `""` for all */
  constructor(desk: Desk, room: string) {
    this.#desk = desk;
    this.list = new PagedList(async (cursor) => {
      const { entries, nextCursor } = await listAudit(desk.client.api, {
        limit: PAGE,
        ...(room && { roomId: room }),
        ...(this.action.value && { action: this.action.value }),
        ...(this.actor.value && { actorId: this.actor.value.id }),
        ...(cursor && { cursor }),
      });
      return { items: entries, nextCursor };
    });
  }

  /** The rooms of which the user is a member, for those who choose one. */
  get ownRooms(): ReadonlySignal<readonly RoomInfo[]> {
    return this.#ownRooms;
  }

  showAction(action: string): void {
    this.action.value = action;
    void this.list.reset();
  }

  showActor(actor: PublicUser | null): void {
    this.actor.value = actor;
    void this.list.reset();
  }

  async readOwnRooms(): Promise<void> {
    try {
      const { rooms } = await listRooms(this.#desk.client.api, { mine: true, limit: MAX_ROOMS });
      this.#ownRooms.value = rooms.filter(({ type }) => type !== "direct");
    } catch (error) {
      this.#desk.notice.sayError(error as Error);
    }
  }
}
