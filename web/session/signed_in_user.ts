/** What the page does for the user, and keeps of them, while they are signed in. */
import type { ReadonlySignal } from "@preact/signals";
import type { Client, PublicUser, Room, RoomSummary } from "../../src/client/mod.ts";
import { listMentions, searchMessages } from "../../src/client/rest/mod.ts";
import { replaceAddress } from "../address.ts";
import { Archiving } from "../archive/archiving.ts";
import { ChosenByRoom } from "../files/chosen_files.ts";
import { Drafts } from "../messages/drafts.ts";
import { ReadPositions } from "../messages/read_positions.ts";
import { Attention } from "../notifications/attention.ts";
import { followMentions } from "../notifications/mention_hints.ts";
import { MentionsInbox } from "../notifications/mentions_inbox.ts";
import { Blocks } from "../people/blocks.ts";
import { MemberRooms } from "../rooms/member_rooms.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { RoomIds } from "../rooms/room_ids.ts";
import { MessageSearch } from "../search/message_search.ts";
import { addressOfSearch } from "../search/terms.ts";
import { FrequentEmoji } from "../text/frequent_emoji.ts";

export interface SignedInUserOptions {
  user: PublicUser;
  client: Client;
  /** All rooms; null until they are known. */
  rooms: ReadonlySignal<readonly RoomSummary[] | null>;
  /** The room on the screen; null if there is none. */
  open: ReadonlySignal<OpenRoom | null>;
}

export class SignedInUser {
  readonly drafts: Drafts;
  readonly roomIds: RoomIds;
  readonly emoji: FrequentEmoji;
  readonly chosenFiles = new ChosenByRoom();
  readonly readPositions = new ReadPositions();
  /** Whom the user has blocked. */
  readonly blocks: Blocks;
  /** The messages for the user. */
  readonly inbox: MentionsInbox;
  /** What the user looks for in messages. */
  readonly search: MessageSearch;
  /** What calls for the user. */
  readonly attention: Attention;
  readonly #ends: (() => void)[];

  constructor({ user, client, rooms, open }: SignedInUserOptions) {
    this.drafts = new Drafts(user.id);
    this.roomIds = new RoomIds(user.id);
    this.emoji = new FrequentEmoji(user.id);
    this.blocks = new Blocks(client.api);
    this.inbox = new MentionsInbox(user.id, {
      read: (cursor) => listMentions(client.api, cursor === null ? {} : { cursor }),
      isUnread: (id) => (rooms.value?.find((room) => room.id === id)?.mentions ?? 1) > 0,
    });
    this.search = new MessageSearch({
      find: (query) => searchMessages(client.api, query),
      changed: (terms) => replaceAddress(addressOfSearch(terms)),
    });
    const attention = this.attention = new Attention(user);
    const archiving = new Archiving(user);
    archiving.start(user.id, rooms, open);
    const isOpen = (room: Room) => open.peek()?.room.id === room.id;
    const memberRooms = new MemberRooms(client, isOpen, (room) => {
      const ends = [
        attention.watch(room, () => notificationsOf(room, client.rooms.get())),
        archiving.follow(room),
      ];
      return () => ends.forEach((end) => end());
    });
    this.#ends = [
      () => memberRooms.close(),
      () => void archiving.erase(),
      () => attention.close(),
      attention.watchMentions(client, (room) => notificationsOf(room, client.rooms.get())),
      followMentions(this.inbox, client, rooms),
      () => this.inbox.end(),
      () => this.search.end(),
    ];
  }

  /** Ends all of it. The client has already left all rooms. */
  end(): void {
    for (const end of this.#ends) end();
  }

  /** Removes what this browser keeps over the end of a session: the user has signed out. */
  erase(): void {
    for (const kept of [this.drafts, this.roomIds, this.emoji, this.inbox]) kept.erase();
  }
}

/** All messages of a direct room are for the user. */
function notificationsOf(
  { id }: Pick<Room, "id">,
  rooms: readonly RoomSummary[] | null,
): RoomSummary["notifications"] {
  const listed = rooms?.find((room) => room.id === id);
  if (!listed) return "mentions";
  const { type, notifications } = listed;
  return type === "direct" && notifications === "mentions" ? "all" : notifications;
}
