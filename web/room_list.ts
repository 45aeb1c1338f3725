/** The list of rooms: the user's own with unread counts, all others, and a form to create one. */
import type { Client, Room, RoomInfo } from "../src/client/mod.ts";
import { addressedRoom, addressOf } from "./address.ts";
import { element, find, onSubmit, setText, showList } from "./dom.ts";
import type { OwnRooms } from "./own_rooms.ts";

/** How many rooms one request lists. */
const PAGE = { usual: 50, largest: 100 };

/** A room as the list shows it, whether or not it has been joined yet. */
interface Item {
  id: string;
  name: string;
  slug: string;
  unread: number;
}

export class RoomList {
  readonly #client: Client;
  readonly #root = find("#sidebar");
  readonly #own = find("#own-rooms");
  readonly #others = find("#other-rooms");
  readonly #more = find<HTMLButtonElement>("#more-rooms");
  readonly #onFault: (error: Error) => void;
  #listed: RoomInfo[] = [];
  #nextCursor: string | null = null;
  #items: Item[] = [];

  constructor(client: Client, onFault: (error: Error) => void) {
    this.#client = client;
    this.#onFault = onFault;
    find("#reload-rooms").addEventListener("click", () => this.load());
    this.#more.addEventListener("click", () => this.load(this.#nextCursor));
    onSubmit(find<HTMLFormElement>("#new-room-form"), async ({ name }) => {
      const { slug } = await client.api.createRoom({ name: name! });
      location.hash = addressOf(slug);
      await this.load();
    });
    addEventListener("keydown", (event) => this.#step(event));
  }

  /** Reloads the rooms listed so far, or loads the next page. */
  async load(cursor: string | null = null): Promise<void> {
    const listed = Math.max(PAGE.usual, Math.min(this.#listed.length, PAGE.largest));
    const page = cursor ? { limit: PAGE.usual, cursor } : { limit: listed };
    try {
      const { rooms, nextCursor } = await this.#client.api.listRooms(page);
      this.#listed = cursor ? [...this.#listed, ...rooms] : rooms;
      this.#nextCursor = nextCursor;
      this.#root.dispatchEvent(new Event("listed"));
    } catch (error) {
      this.#onFault(error as Error);
    }
  }

  onListed(listener: () => void): void {
    this.#root.addEventListener("listed", listener);
  }

  clear(): void {
    this.#listed = [];
    this.#nextCursor = null;
  }

  /** Updates the list. Returns the number of unread messages in the rooms that are not shown. */
  update(joined: Iterable<Room>, marks: OwnRooms, shown: Room | null): number {
    const own = [...joined].flatMap((room): Item[] => {
      const known = room.info.get() ?? marks.find(room.id);
      if (!known) return [];
      const unread = room === shown ? 0 : marks.unread(room);
      return [{ id: room.id, name: known.name, slug: known.slug, unread }];
    }).toSorted((a, b) => a.name.localeCompare(b.name));
    const ids = new Set(own.map(({ id }) => id));
    const others = this.#listed.filter(({ id }) => !ids.has(id))
      .map(({ id, name, slug }) => ({ id, name, slug, unread: 0 }));
    this.#items = [...own, ...others];
    this.#show(this.#own, own, shown);
    this.#show(this.#others, others, shown);
    find("#own-title").hidden = own.length === 0;
    find("#other-title").hidden = others.length === 0;
    this.#more.hidden = this.#nextCursor === null;
    return own.reduce((sum, { unread }) => sum + unread, 0);
  }

  #show(list: HTMLElement, items: Item[], shown: Room | null): void {
    showList(list, items, {
      key: ({ id }) => id,
      create: ({ slug }) => {
        const link = element("a", { href: addressOf(slug) }, element("span"), element("em"));
        return element("li", {}, link);
      },
      update: (item, { id, name, unread }) => {
        const link = find<HTMLAnchorElement>("a", item);
        link.ariaCurrent = id === shown?.id ? "page" : null;
        setText(link.firstElementChild!, name);
        setText(link.lastElementChild!, unread > 99 ? "99+" : unread > 0 ? String(unread) : "");
        link.ariaLabel = unread > 0 ? `${name}, ${unread} unread` : null;
      },
    });
  }

  /** Alt with an arrow goes to the room above or below. */
  #step(event: KeyboardEvent): void {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || !event.altKey || this.#items.length === 0) return;
    event.preventDefault();
    const slug = addressedRoom();
    const place = this.#items.findIndex((item) => item.slug === slug || item.id === slug);
    const next = (place + step + this.#items.length) % this.#items.length;
    location.hash = addressOf(this.#items[place < 0 ? 0 : next]!.slug);
  }
}
