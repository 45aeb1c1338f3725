/** The audit log: what moderators and admins did. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { RoomInfo } from "../../src/client/mod.ts";
import { type AuditEntry, listAudit, listRooms } from "../../src/client/rest/mod.ts";
import { MAX_OWN_ROOMS } from "../../src/protocol/wire/limits.ts";
import { PagedList } from "../paged_list.ts";
import type { Desk } from "./desk.ts";

/** What is listed of it. */
export interface AuditFilter {
  /** The id or slug of a room; `""` for all. */
  room: string;
  /** `""` for all. */
  action: string;
  /** The id of the user who did it; `""` for everybody. */
  actorId: string;
}

export class Audit {
  readonly list: PagedList<AuditEntry>;
  readonly #desk: Desk;
  readonly #ownRooms = signal<readonly RoomInfo[]>([]);

  constructor(desk: Desk, { room, action, actorId }: AuditFilter) {
    this.#desk = desk;
    const filter = {
      ...(room && { roomId: room }),
      ...(action && { action }),
      ...(actorId && { actorId }),
    };
    this.list = new PagedList(async (page) => {
      const { entries, nextCursor } = await listAudit(desk.client.api, { ...page, ...filter });
      return { items: entries, nextCursor };
    });
  }

  /** The rooms of which the user is a member. */
  get ownRooms(): ReadonlySignal<readonly RoomInfo[]> {
    return this.#ownRooms;
  }

  /** For those who choose one. */
  async readOwnRooms(): Promise<void> {
    try {
      const { rooms } = await listRooms(this.#desk.client.api, {
        mine: true,
        limit: MAX_OWN_ROOMS,
      });
      this.#ownRooms.value = rooms.filter(({ type }) => type !== "direct");
    } catch (error) {
      this.#desk.notice.sayError(error as Error);
    }
  }
}
