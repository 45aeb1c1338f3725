/** The chat of one browser: its user's rooms, and the room that is on the screen. */
import { computed, effect, type ReadonlySignal, signal, untracked } from "@preact/signals";
import type { Client, PublicUser, RoomInfo, RoomSummary, User } from "../src/client/mod.ts";
import { openDirect, setPreferences } from "../src/client/rest/mod.ts";
import { MAX_PAGE_SIZE } from "../src/protocol/wire/limits.ts";
import { address, addressOf } from "./address.ts";
import { eraseArchive } from "./archive/archiving.ts";
import type { Notice } from "./notice.ts";
import { signalOf } from "./observed.ts";
import type { Place } from "./place.ts";
import { isMissing, OpenRoom } from "./rooms/open_room.ts";
import { nameOfRoom, otherOf } from "./rooms/room_name.ts";
import { termsOf } from "./search/terms.ts";
import { Session } from "./session/session.ts";
import { SignedInUser } from "./session/signed_in_user.ts";

export class Chat {
  readonly session = new Session();
  readonly client: Client = this.session.client;
  readonly notice: Notice = this.session.notice;
  readonly user: ReadonlySignal<User | null> = this.session.user;
  /** All rooms, by the names that they have for the user; null until they are known. */
  readonly rooms: ReadonlySignal<readonly RoomSummary[] | null>;
  /** Whose card is shown; null for none. */
  readonly person = signal<PublicUser | null>(null);
  readonly #signedIn = signal<SignedInUser | null>(null);
  readonly #open = signal<OpenRoom | null>(null);
  /** The name in the address by which the room was opened. */
  #openName = "";
  /** The message in the address that was shown last. */
  #openMessage = "";

  constructor() {
    const rooms = signalOf(this.client.rooms);
    this.rooms = computed(() => rooms.value?.map((room) => this.#named(room)) ?? null);
    effect(() => this.#followUser());
    effect(() => {
      const [user, place] = [this.user.value, address.value];
      untracked(() => user && this.#go(user, place));
    });
    effect(() => this.#rememberId());
    // Others may have created rooms while the window was in the background.
    addEventListener("focus", () => this.client.rooms.reload());
  }

  /** What is done for the user; null while nobody is signed in. */
  get signedIn(): ReadonlySignal<SignedInUser | null> {
    return this.#signedIn;
  }

  /** The room on the screen; null if there is none. */
  get open(): ReadonlySignal<OpenRoom | null> {
    return this.#open;
  }

  /** Whether a place was reached from the results of a search. */
  isFromSearch({ message }: Place): boolean {
    return message !== "" && message === this.#signedIn.value?.search.picked.value;
  }

  /** Takes a room that the user has made into the list; it is opened by its id, as those of the list. */
  addRoom(room: RoomInfo): void {
    this.#signedIn.peek()?.roomIds.remember(room);
    this.client.rooms.reload();
  }

  /** Goes to the direct room with somebody, which is made if there is none. */
  async writeTo({ id }: PublicUser): Promise<void> {
    const ownId = this.user.peek()?.id;
    const known = this.rooms.peek()?.find((room) => otherOf(room, ownId)?.id === id);
    try {
      const room = known ?? await openDirect(this.client.api, id);
      if (!known) this.addRoom(room);
      location.hash = addressOf(room.slug);
      if (known?.isHidden) await this.hide(known, false);
    } catch (error) {
      this.notice.sayError(error as Error);
    }
  }

  /** Takes a room from the list until something new is in it, or puts it back. */
  async hide({ id }: Pick<RoomSummary, "id">, hidden = true): Promise<void> {
    try {
      await setPreferences(this.client.api, id, { hidden });
      if (hidden && this.#open.peek()?.room.id === id) location.hash = "#/";
    } catch (error) {
      this.notice.sayError(error as Error);
    }
  }

  async signOut(): Promise<void> {
    const signedIn = this.#signedIn.peek();
    if (await this.session.signOut()) signedIn?.erase();
  }

  #followUser(): void {
    const [user, isKnown] = [this.user.value, this.session.isKnown.value];
    untracked(() => {
      if (user) this.#begin(user);
      else if (isKnown) this.#end();
    });
  }

  #begin(user: User): SignedInUser {
    const { client, rooms, open } = this;
    return this.#signedIn.value ??= new SignedInUser({ user, client, rooms, open });
  }

  #end(): void {
    const signedIn = this.#signedIn.value;
    // Of a session that has ended while the page was closed.
    if (!signedIn) return eraseArchive();
    this.#signedIn.value = null;
    signedIn.end();
    this.person.value = null;
    this.#open.value?.close();
    this.#open.value = null;
  }

  #named(room: RoomSummary): RoomSummary {
    if (room.type !== "direct") return room;
    return { ...room, name: nameOfRoom(room, this.user.value?.id) };
  }

  /** Shows the room, or what is found, that the address names. */
  #go(user: User, place: Place): void {
    const signedIn = this.#begin(user);
    const { room, message, search } = place;
    if (search) signedIn.search.show(termsOf(search));
    else if (!this.isFromSearch(place)) signedIn.search.origin = location.hash || "#/";
    const shown = this.#open.value;
    if (!shown || !room || !this.#isNamed(shown, room)) {
      shown?.close();
      this.#openName = room;
      this.#open.value = room ? this.#enter(room, signedIn) : null;
    }
    if (message && message !== this.#openMessage) void this.#open.value?.reading.goTo(message);
    this.#openMessage = message;
  }

  #rememberId(): void {
    const [room, signedIn] = [this.#open.value?.room, this.#signedIn.value];
    if (!room || !signedIn) return;
    const [info, state] = [signalOf(room.info).value, signalOf(room.state).value];
    if (info) signedIn.roomIds.remember(info);
    // The server has been set up anew, and may have another room of this name.
    const isNamed = info === null || info.type === "public";
    const isForgotten = isNamed && isMissing(state) && signedIn.roomIds.forget(this.#openName);
    if (isForgotten) untracked(() => this.#open.value = this.#enter(this.#openName, signedIn));
  }

  #enter(name: string, signedIn: SignedInUser): OpenRoom {
    const { drafts, roomIds, emoji, chosenFiles, readPositions } = signedIn;
    const id = this.#listed(name)?.id ?? roomIds.find(name) ?? name;
    return new OpenRoom({
      room: this.client.join(id),
      api: this.client.api,
      drafts,
      emoji,
      notice: this.notice,
      chosenFiles: chosenFiles.of(id),
      readPositions: readPositions.of(id),
      fileUrl: (path) => this.client.fileUrl(path),
      back: "#/",
      user: () => this.user.peek(),
      isMember: () => this.rooms.value && (this.#listed(name)?.isMember ?? false),
      notifications: () => this.#listed(name)?.notifications ?? "all",
      hide: () => this.hide({ id }),
      readMessages: (before) => this.client.api.readMessages(id, { before, limit: MAX_PAGE_SIZE }),
    });
  }

  /** The room that an address may name by its id or its slug. */
  #listed(name: string): RoomSummary | undefined {
    return this.rooms.value?.find(({ id, slug }) => name === id || name === slug);
  }

  #isNamed({ room }: OpenRoom, name: string): boolean {
    return [this.#openName, room.name, room.id, room.info.get()?.slug].includes(name);
  }
}
