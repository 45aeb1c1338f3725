/** The public rooms of the server, and what the server lets the user do with each. */
import { signal } from "@preact/signals";
import type { RoomInfo } from "../../src/client/mod.ts";
import { deleteRoom, listRooms, updateRoom } from "../../src/client/rest/mod.ts";
import { PagedList } from "../paged_list.ts";
import type { Desk } from "./desk.ts";

/** What is listed of them. */
export interface RoomsFilter {
  /** Archived ones, or the others. */
  archived: boolean;
  /** Only those of which the user is a member. */
  mine: boolean;
}

export class Rooms {
  readonly list: PagedList<RoomInfo>;
  /** The id of the room that is managed in a dialog; `""` for none. */
  readonly managed = signal("");
  readonly #desk: Desk;

  constructor(desk: Desk, { archived, mine }: RoomsFilter) {
    this.#desk = desk;
    this.list = new PagedList(async (page) => {
      const query = { ...page, ...(archived && { archived }), ...(mine && { mine }) };
      const { rooms, nextCursor } = await listRooms(desk.client.api, query);
      // The user's own private and direct ones are listed, too.
      return { items: rooms.filter(({ type }) => type === "public"), nextCursor };
    });
  }

  async archive({ id, name }: RoomInfo, archived: boolean): Promise<void> {
    await updateRoom(this.#desk.client.api, id, { archived });
    this.#done(id, archived ? `${name} is archived.` : `${name} is out of the archive.`);
  }

  async delete({ id, name }: RoomInfo): Promise<void> {
    await deleteRoom(this.#desk.client.api, id);
    this.#done(id, `${name} is deleted.`);
  }

  #done(id: string, text: string): void {
    // Another dialog may have been opened meanwhile.
    if (this.managed.value === id) this.managed.value = "";
    this.#desk.notice.say(text);
    this.#desk.rooms.invalidate();
    void this.list.reload();
  }
}
