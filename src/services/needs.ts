/** What commands need of a room's state to be decided, read at once for a batch. */
import { type Message, SHOWN_REACTORS } from "../domain/message.ts";
import type { Reactors } from "../domain/message_changes.ts";
import type { NewRoom } from "../domain/room.ts";
import type { MessageStore } from "../ports/store/messages.ts";
import type { Store } from "../ports/store/store.ts";

/** Owners that are read: the last of more is refused to leave. */
const MAX_OWNERS = 100;

/** What of a room's state a command is decided on. */
export interface Needs {
  messageIds?: readonly string[];
  /** The users that it concerns, beside its author. */
  userIds?: readonly string[];
  /** Whether it needs the owners, and whether there are other members. */
  owners?: boolean;
  /** Whether it needs the room's settings. */
  settings?: boolean;
  /** The reaction that it adds or removes. */
  reaction?: { messageId: string; emoji: string; userId: string; isOn: boolean };
  /** Whether it needs the number of pinned messages. */
  pins?: boolean;
}

/** Who has put an emoji on a message; the first ones only if some may take theirs back. */
interface KnownReactors extends Pick<Reactors, "among"> {
  first?: Reactors["first"];
}

/** What was read, and what the drafts decided since make of it. */
export interface Known {
  /** By id. */
  messages: Map<string, Message>;
  /** By message and emoji. */
  reactors: Map<string, KnownReactors>;
  pins: number;
  /** Empty if they are not needed. */
  owners: Set<string>;
  /** Counted up to two more than the batch has commands: enough to tell whether others remain. */
  memberCount: number;
  room: NewRoom | null;
  /** By message: the index of the draft that further reactions to it can join. */
  openReactions: Map<string, number>;
  /** By user: the index of their last draft, or of the last that they have a part in. */
  lastDrafts: Map<string, number>;
}

/** @throws ChatError `unavailable` */
export async function readNeeds(
  { messages: store, members, rooms }: Pick<Store, "messages" | "members" | "rooms">,
  roomId: string,
  needs: readonly Needs[],
): Promise<Known> {
  const ids = [...new Set(needs.flatMap(({ messageIds = [] }) => messageIds))];
  const reactions = needs.flatMap(({ reaction }) => reaction ?? []);
  const needsOwners = needs.some(({ owners }) => owners);
  // First: else a message that is pinned meanwhile would be counted, and seem not to be pinned.
  const pins = needs.some(({ pins }) => pins) ? await store.countPinned(roomId) : 0;
  const [messages, reactors, owners, some, room] = await Promise.all([
    ids.length > 0 ? store.find(roomId, ids) : [],
    readReactors(store, roomId, reactions),
    needsOwners ? members.list(roomId, { role: "owner", limit: MAX_OWNERS }) : [],
    // Two remain after every command of the batch has ended a membership, if there are more.
    needsOwners ? members.list(roomId, { limit: needs.length + 2 }) : [],
    needs.some(({ settings }) => settings) ? rooms.describe(roomId) : null,
  ]);
  return {
    messages: new Map(messages.map((message) => [message.id, message])),
    reactors,
    pins,
    owners: new Set(owners.map(({ user }) => user.id)),
    memberCount: some.length,
    room,
    openReactions: new Map(),
    lastDrafts: new Map(),
  };
}

async function readReactors(
  store: MessageStore,
  roomId: string,
  reactions: readonly NonNullable<Needs["reaction"]>[],
): Promise<Map<string, KnownReactors>> {
  const byKey = Map.groupBy(reactions, ({ messageId, emoji }) => reactionKey(messageId, emoji));
  const read = await Promise.all(
    Array.from(byKey, async ([key, same]): Promise<[string, KnownReactors]> => {
      const { messageId, emoji } = same[0]!;
      const userIds = [...new Set(same.map(({ userId }) => userId))];
      // As many as there are to show once each of these users has taken theirs back.
      const limit = SHOWN_REACTORS + userIds.length;
      const [among, first] = await Promise.all([
        store.reactorsAmong(roomId, messageId, emoji, userIds),
        same.every(({ isOn }) => isOn) ? null : store.reactors(roomId, messageId, emoji, limit),
      ]);
      if (first === null) return [key, { among }];
      return [key, { among, first: first.map(({ user, seq }) => ({ userId: user.id, seq })) }];
    }),
  );
  return new Map(read);
}

/** Of an emoji on a message. */
export function reactionKey(messageId: string, emoji: string): string {
  return `${messageId} ${emoji}`;
}
