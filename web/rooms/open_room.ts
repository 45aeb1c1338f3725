/** A room that is on the screen: what it shows, and what its user is about to do in it. */
import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type {
  Api,
  ChatMessage,
  PublicUser,
  Room,
  RoomState,
  Thread,
} from "../../src/client/mod.ts";
import { listMembers } from "../../src/client/rest/mod.ts";
import { MAX_PAGE_SIZE } from "../../src/protocol/wire/limits.ts";
import type { Written } from "../files/attach.ts";
import type { ChosenFiles } from "../files/chosen_files.ts";
import type { FileViewer, Viewed } from "../files/file_viewer.ts";
import type { Drafts } from "../messages/drafts.ts";
import { MessageCommands } from "../messages/message_commands.ts";
import type { Positions } from "../messages/read_positions.ts";
import { Readers } from "../messages/readers.ts";
import { Reading } from "../messages/reading.ts";
import { Writing } from "../messages/writing.ts";
import type { Notice } from "../notice.ts";
import type { Notifications } from "../notifications/alerts.ts";
import { signalOf } from "../observed.ts";
import { MemberCommands } from "../people/member_commands.ts";
import { MemberSearch } from "../people/member_search.ts";
import { Names, type ReadMessages } from "../people/names.ts";
import type { FrequentEmoji } from "../text/frequent_emoji.ts";
import { peopleAround, type Person } from "../text/mentions.ts";

/** Above this many messages older ones are removed, so that a room may be open for days. */
const MAX_MESSAGES = 400;
const KEPT_MESSAGES = 200;

export interface OpenRoomOptions {
  room: Room;
  api: Api;
  drafts: Drafts;
  emoji: FrequentEmoji;
  notice: Notice;
  /** The address of the link back on narrow screens; without it there is no link. */
  back?: string;
  user(): PublicUser | null;
  /** Whether the user belongs to the room; null while that is not known. */
  isMember(): boolean | null;
  /** What the user wants to be notified of, if they are a member. */
  notifications?(): Notifications;
  /** The files that go with the user's next message; without it messages have none. */
  chosenFiles?: ChosenFiles;
  /** How far the others have read, kept while other rooms are open. */
  readPositions?: Signal<Positions>;
  /** The address of a file, for the elements that show it. */
  fileUrl(path: string): Promise<string>;
  /** Takes the room from the user's list. */
  hide?(): void;
  /** Finds the names of those who are mentioned; without it only those who are there have one. */
  readMessages?: ReadMessages;
}

/** What is asked of the user over the room. */
export type RoomDialog =
  | { kind: "ban" | "mute" | "remove"; user: PublicUser }
  | { kind: "invite" | "leave" | "settings" }
  | { kind: "report"; message: ChatMessage };

/** What is beside the messages. */
export type SideView = "members" | "pins" | Thread;

export class OpenRoom implements FileViewer {
  readonly room: Room;
  readonly drafts: Drafts;
  readonly notice: Notice;
  readonly back: string | undefined;

  readonly messages: ReadonlySignal<readonly ChatMessage[]>;
  readonly commands: MessageCommands;
  readonly memberCommands: MemberCommands;
  readonly writing: Writing;
  readonly reading: Reading;
  readonly readers: Readers;
  /** What is beside the messages; null for nothing. */
  readonly pane = signal<SideView | null>(null);
  readonly dialog = signal<RoomDialog | null>(null);
  /** How many of the messages shown are answers in the thread of a message, by its id. */
  readonly answers: ReadonlySignal<ReadonlyMap<string, number>>;
  /** Members, found as their names are typed. */
  readonly memberSearch: MemberSearch;
  /** Those whom a message may mention: who is online, has written here or was found, without the user. */
  readonly people: ReadonlySignal<readonly Person[]>;
  /** The pictures that are looked at; null for none. */
  readonly viewed = signal<Viewed | null>(null);
  /** The next message in the room. */
  readonly composer: Written;
  /** The answer that is written in a thread; null for none. */
  readonly answer = signal<Written | null>(null);
  /** When the server takes the next of the messages that wait, if it has refused one. */
  readonly retryAt: ReadonlySignal<number | undefined>;

  readonly #options: OpenRoomOptions;
  readonly #names: Names | null;
  readonly #ends: (() => void)[] = [];

  constructor(options: OpenRoomOptions) {
    const { room, drafts, notice, back } = this.#options = options;
    this.room = room;
    this.drafts = drafts;
    this.notice = notice;
    this.back = back;
    this.composer = { open: this, chosen: options.chosenFiles, input: { current: null } };
    this.messages = signalOf(room.messages);
    this.commands = new MessageCommands(room, notice, options.emoji);
    this.memberCommands = new MemberCommands(room, options.api, notice);
    this.writing = new Writing({
      room,
      api: options.api,
      may: (capability) => this.may(capability),
      user: options.user,
    });
    this.reading = new Reading({
      room,
      messages: this.messages,
      notice,
      isMember: () => this.isMember,
    });
    this.readers = new Readers({
      room,
      messages: this.messages,
      positions: options.readPositions,
      userId: () => this.userId,
    });
    this.memberSearch = new MemberSearch(async (q) => {
      const query = { ...(q && { q }), limit: MAX_PAGE_SIZE };
      const { members, nextCursor } = await listMembers(options.api, room.id, query);
      return { found: members.map(({ user }) => user), isComplete: nextCursor === null };
    });
    this.people = computed(() => {
      const online = signalOf(room.online).value.users;
      const found = this.memberSearch.found.value;
      return peopleAround(online, this.messages.value, this.userId ?? "", found);
    });
    this.#names = options.readMessages ? new Names(options.readMessages) : null;
    this.answers = computed(() => countAnswers(this.messages.value));
    this.retryAt = computed(() => this.#findRetry());
    this.#ends.push(effect(() => this.#cutBack()), effect(() => this.#completeNames()));
    this.#ends.push(effect(() => this.#nameReaders()));
    const flush = () => this.commands.deletions.flush();
    addEventListener("pagehide", flush);
    this.#ends.push(() => removeEventListener("pagehide", flush));
    this.#ends.push(room.recovery.subscribe(() => notice.sayRecovered(room, this.userId)));
  }

  get userId(): string | undefined {
    return this.#options.user()?.id;
  }

  get ownName(): string {
    return this.#options.user()?.displayName ?? "";
  }

  /** Whether the user belongs to the room; null while that is not known. */
  get isMember(): boolean | null {
    return this.#options.isMember();
  }

  /** Whether the room and its messages have addresses on this page. */
  get hasAddress(): boolean {
    return this.back !== undefined;
  }

  get api(): Api {
    return this.#options.api;
  }

  /** Whether the server lets the user do something here, as `message.pin`. */
  may(capability: string): boolean {
    return signalOf(this.room.capabilities).value.includes(capability);
  }

  fileUrl(path: string): Promise<string> {
    return this.#options.fileUrl(path);
  }

  /** What the user wants to be notified of; null if they are no member. */
  get notifications(): Notifications | null {
    return this.isMember ? this.#options.notifications?.() ?? null : null;
  }

  hide(): void {
    this.#options.hide?.();
  }

  /** Copies the link of a public room, and opens a dialog with what else there is. */
  invite(): void {
    if (this.room.info.get()?.type === "public") void this.commands.copyLink();
    if (this.may("member.invite")) this.dialog.value = { kind: "invite" };
  }

  /** The display name of a user; `""` if it is not known (yet). */
  nameOf(id: string): string {
    if (id === this.userId) return this.ownName;
    const person = this.people.value.find((person) => person.id === id);
    return person?.displayName ?? this.#names?.of(id) ?? "";
  }

  /** Sends a message with the files that were chosen, as an answer if one was chosen. */
  send(text: string, mentions: string[]): void {
    const answered = this.commands.answered.value;
    this.commands.answered.value = null;
    this.reading.toNewest();
    const files = this.composer.chosen?.take() ?? [];
    const options = {
      ...(mentions.length > 0 && { mentions }),
      ...(files.length > 0 && { files }),
    };
    const done = answered
      ? this.room.reply(answered, text, options)
      : this.room.send(text, options);
    // The message itself shows the result.
    void this.writing.follow(done);
  }

  showPane(pane: SideView | null): void {
    const shown = this.pane.value;
    if (typeof shown === "object") shown?.close();
    this.pane.value = pane;
  }

  /** Shows the members or pins, or closes them. */
  togglePane(pane: "members" | "pins"): void {
    this.showPane(this.pane.value === pane ? null : pane);
  }

  /** Shows the answers to a message beside the messages. */
  openThread(messageId: string): void {
    this.showPane(this.room.thread(messageId));
  }

  focusComposer(): void {
    this.composer.input.current?.focus();
  }

  close(): void {
    this.commands.deletions.flush();
    this.showPane(null);
    this.reading.close();
    this.readers.close();
    for (const end of this.#ends) end();
    this.writing.close();
    this.memberSearch.end();
    this.room.stopTyping();
    this.room.setPresent(false);
    this.room.leave();
  }

  #findRetry(): number | undefined {
    if (signalOf(this.room.state).value.status !== "live") return undefined;
    const isDelayed = ({ state, retryAt }: ChatMessage) => state === "queued" && retryAt;
    return this.messages.value.find(isDelayed)?.retryAt;
  }

  #completeNames(): void {
    if (signalOf(this.room.state).value.status !== "live") return;
    void this.#names?.complete(this.messages.value, (id) => this.nameOf(id) !== "");
  }

  #nameReaders(): void {
    const isNamed = this.readers.userIds.value.every((id) => this.nameOf(id) !== "");
    if (!isNamed) this.memberSearch.search("");
  }

  #cutBack(): void {
    const { length } = this.messages.value;
    if (length > MAX_MESSAGES && this.reading.isAtNewest.value) {
      this.room.forgetOlder(KEPT_MESSAGES);
    }
  }
}

/** Whether the server lets the user read nothing here: there is no such room, or they are banned. */
export function isRefused(state: RoomState): boolean {
  return isMissing(state) || state.status === "failed" && state.error.code === "forbidden";
}

/** Whether the server has no such room. */
export function isMissing(state: RoomState): boolean {
  return state.status === "failed" && state.error.code === "room_not_found";
}

function countAnswers(messages: readonly ChatMessage[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { threadId, deletedAt } of messages) {
    if (threadId && deletedAt === null) counts.set(threadId, (counts.get(threadId) ?? 0) + 1);
  }
  return counts;
}
