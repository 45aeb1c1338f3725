/** The chat of one browser: who is signed in, their rooms, and the room that is on the screen. */
import { computed, effect, type ReadonlySignal, signal, untracked } from "@preact/signals";
import {
  type Client,
  createClient,
  type PublicUser,
  type Room,
  type RoomInfo,
  type RoomSummary,
  type User,
} from "../src/client/mod.ts";
import {
  listMentions,
  openDirect,
  searchMessages,
  setPreferences,
} from "../src/client/rest/mod.ts";
import { MAX_PAGE_SIZE } from "../src/protocol/wire/limits.ts";
import { address, addressOf, replaceAddress } from "./address.ts";
import { Archiving, eraseArchive } from "./archive/archiving.ts";
import { ChosenByRoom } from "./files/chosen_files.ts";
import { Drafts } from "./messages/drafts.ts";
import { ReadPositions } from "./messages/read_positions.ts";
import { Notice } from "./notice.ts";
import { Attention } from "./notifications/attention.ts";
import { MentionsInbox } from "./notifications/mentions_inbox.ts";
import { signalOf } from "./observed.ts";
import { Blocks } from "./people/blocks.ts";
import type { Place } from "./place.ts";
import { MemberRooms } from "./rooms/member_rooms.ts";
import { isMissing, OpenRoom } from "./rooms/open_room.ts";
import { RoomIds } from "./rooms/room_ids.ts";
import { nameOfRoom, otherOf } from "./rooms/room_name.ts";
import { MessageSearch } from "./search/message_search.ts";
import { addressOfSearch, termsOf } from "./search/terms.ts";
import { checkSession, lostSession } from "./session/session_check.ts";
import { FrequentEmoji } from "./text/frequent_emoji.ts";

export class Chat {
  readonly client: Client = createClient(location.origin);
  readonly notice = new Notice();
  /** What those should know who are signed in; `""` for nothing. */
  readonly warning = signal("");
  /** Why those are signed out who were signed in; `""` for no reason. */
  readonly welcome = signal("");
  /** Whether it is known who is signed in, if anyone. */
  readonly isKnown = signal(false);
  readonly user: ReadonlySignal<User | null>;
  /** All rooms, by the names that they have for the user; null until they are known. */
  readonly rooms: ReadonlySignal<readonly RoomSummary[] | null>;
  /** What calls for the user; null while nobody is signed in. */
  readonly attention = signal<Attention | null>(null);
  /** The messages for the user; null while nobody is signed in. */
  readonly inbox = signal<MentionsInbox | null>(null);
  /** What the user looks for in messages; null while nobody is signed in. */
  readonly search = signal<MessageSearch | null>(null);
  /** Whom the user has blocked; null while nobody is signed in. */
  readonly blocks = signal<Blocks | null>(null);
  /** Whose card is shown; null for none. */
  readonly person = signal<PublicUser | null>(null);
  readonly #open = signal<OpenRoom | null>(null);
  /** The name in the address by which the room was opened. */
  #openName = "";
  /** The message in the address that was shown last. */
  #openMessage = "";
  /** What this browser keeps of the user; null while nobody is signed in. */
  #kept: { drafts: Drafts; roomIds: RoomIds; emoji: FrequentEmoji } | null = null;
  readonly #chosenFiles = new ChosenByRoom();
  readonly #readPositions = new ReadPositions();
  #memberRooms: MemberRooms | null = null;
  #endInbox = () => {};
  #archiving: Archiving | null = null;

  constructor() {
    this.user = signalOf(this.client.user);
    const rooms = signalOf(this.client.rooms);
    this.rooms = computed(() => rooms.value?.map((room) => this.#named(room)) ?? null);
    effect(() => this.#updateUser());
    effect(() => {
      const [user, place] = [this.user.value, address.value];
      untracked(() => user && this.#go(user, place));
    });
    effect(() => this.#rememberId());
    // Others may have created rooms while the window was in the background.
    addEventListener("focus", () => this.client.rooms.reload());
  }

  /** The room on the screen; null if there is none. */
  get open(): ReadonlySignal<OpenRoom | null> {
    return this.#open;
  }

  /** Waits for a sign-in or sign-up, and warns if a reload will end the session. */
  async signIn(attempt: Promise<unknown>): Promise<void> {
    await attempt;
    this.warning.value = await checkSession(this.client);
  }

  /** Whether a place was reached from the results of a search. */
  isFromSearch({ message }: Place): boolean {
    return message !== "" && message === this.search.value?.picked.value;
  }

  /** Takes a room that the user has made into the list; it is opened by its id, as those of the list. */
  addRoom(room: RoomInfo): void {
    this.#kept?.roomIds.remember(room);
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
    const [kept, inbox] = [this.#kept, this.inbox.peek()];
    try {
      await this.client.logout();
      kept?.drafts.erase();
      kept?.roomIds.erase();
      kept?.emoji.erase();
      inbox?.erase();
    } catch (error) {
      this.notice.sayError(error as Error);
    }
  }

  #updateUser(): void {
    const user = this.user.value;
    const state = signalOf(this.client.connection).value;
    untracked(() => {
      const wasKnown = this.isKnown.value;
      if (!wasKnown && state.status === "signed_out") this.welcome.value = lostSession();
      this.isKnown.value ||= user !== null || state.status === "signed_out";
      if (user) this.#begin(user);
      else if (state.status === "signed_out" && !this.#kept) eraseArchive();
      if (!user && this.#kept) this.#end(state.status === "signed_out" ? state.reason : "");
    });
  }

  #begin(user: User): void {
    this.welcome.value = "";
    if (this.#kept) return;
    const { id } = user;
    this.#kept = {
      drafts: new Drafts(id),
      roomIds: new RoomIds(id),
      emoji: new FrequentEmoji(id),
    };
    this.blocks.value = new Blocks(this.client.api);
    this.#endInbox = this.#openInbox(user);
    this.search.value = new MessageSearch({
      find: (query) => searchMessages(this.client.api, query),
      changed: (terms) => replaceAddress(addressOfSearch(terms)),
    });
    const attention = this.attention.value = new Attention(user);
    const archiving = this.#archiving = new Archiving(user);
    archiving.start(user.id, this.rooms, this.#open);
    const isOpen = (room: Room) => this.#open.peek()?.room.id === room.id;
    this.#memberRooms = new MemberRooms(this.client, isOpen, (room) => {
      const notifications = () => this.#notificationsOf(room);
      const ends = [attention.watch(room, notifications), archiving.follow(room)];
      return () => ends.forEach((end) => end());
    });
  }

  /** The client has already left all rooms. */
  #end(reason: string): void {
    this.#kept = null;
    this.#memberRooms?.close();
    void this.#archiving?.erase();
    this.attention.value?.close();
    this.attention.value = null;
    this.#chosenFiles.clear();
    this.#readPositions.clear();
    this.#endInbox();
    this.search.value?.end();
    this.search.value = null;
    this.blocks.value = null;
    this.person.value = null;
    this.#open.value?.close();
    this.#open.value = null;
    this.warning.value = "";
    this.welcome.value = reason;
  }

  #openInbox({ id }: User): () => void {
    const { client } = this;
    const inbox = this.inbox.value = new MentionsInbox(id, {
      read: (cursor) => listMentions(client.api, cursor === null ? {} : { cursor }),
      isUnread: (roomId) => {
        const room = this.rooms.value?.find((room) => room.id === roomId);
        return room === undefined || room.mentions > 0;
      },
    });
    let known = -1;
    const ends = [
      client.onMention(() => void inbox.reload()),
      // Hints are lost while there is no connection.
      effect(() => {
        const isOnline = signalOf(client.connection).value.status === "online";
        const counts = this.rooms.value?.map(({ mentions }) => mentions) ?? [];
        const count = isOnline ? counts.reduce((sum, count) => sum + count, 0) : -1;
        if (count > known) untracked(() => void inbox.reload());
        known = count;
      }),
    ];
    return () => {
      for (const end of ends) end();
      inbox.end();
      this.inbox.value = null;
    };
  }

  #named(room: RoomSummary): RoomSummary {
    if (room.type !== "direct") return room;
    return { ...room, name: nameOfRoom(room, this.user.value?.id) };
  }

  /** Shows the room, or what is found, that the address names. */
  #go(user: User, place: Place): void {
    this.#begin(user);
    const { room, message, search } = place;
    if (search) this.search.value!.show(termsOf(search));
    else if (!this.isFromSearch(place)) this.search.value!.origin = location.hash || "#/";
    const shown = this.#open.value;
    if (!shown || !room || !this.#isNamed(shown, room)) {
      shown?.close();
      this.#openName = room;
      this.#open.value = room ? this.#enter(room) : null;
    }
    if (message && message !== this.#openMessage) void this.#open.value?.reading.goTo(message);
    this.#openMessage = message;
  }

  #rememberId(): void {
    const room = this.#open.value?.room;
    if (!room || !this.#kept) return;
    const [info, state] = [signalOf(room.info).value, signalOf(room.state).value];
    if (info) this.#kept.roomIds.remember(info);
    // The server has been set up anew, and may have another room of this name.
    const isNamed = info === null || info.type === "public";
    const isForgotten = isNamed && isMissing(state) && this.#kept.roomIds.forget(this.#openName);
    if (isForgotten) untracked(() => this.#open.value = this.#enter(this.#openName));
  }

  #enter(name: string): OpenRoom {
    const { drafts, roomIds, emoji } = this.#kept!;
    const id = this.#listed(name)?.id ?? roomIds.find(name) ?? name;
    return new OpenRoom({
      room: this.client.join(id),
      api: this.client.api,
      drafts,
      emoji,
      notice: this.notice,
      chosenFiles: this.#chosenFiles.of(id),
      readPositions: this.#readPositions.of(id),
      fileUrl: (path) => this.client.fileUrl(path),
      back: "#/",
      user: () => this.user.peek(),
      isMember: () => this.rooms.value && (this.#listed(name)?.isMember ?? false),
      notifications: () => this.#listed(name)?.notifications ?? "all",
      hide: () => this.hide({ id }),
      readMessages: (before) => this.client.api.readMessages(id, { before, limit: MAX_PAGE_SIZE }),
    });
  }

  /** All messages of a direct room are for the user. */
  #notificationsOf({ id }: Room): RoomSummary["notifications"] {
    const listed = this.client.rooms.get()?.find((room) => room.id === id);
    if (!listed) return "mentions";
    const { type, notifications } = listed;
    return type === "direct" && notifications === "mentions" ? "all" : notifications;
  }

  /** The room that an address may name by its id or its slug. */
  #listed(name: string): RoomSummary | undefined {
    return this.rooms.value?.find(({ id, slug }) => name === id || name === slug);
  }

  #isNamed({ room }: OpenRoom, name: string): boolean {
    return [this.#openName, room.name, room.id, room.info.get()?.slug].includes(name);
  }
}
