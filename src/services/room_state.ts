/** The state of a room at the end of its log, on which a batch of commands is decided. */
import {
  type ChangeDraft,
  type CreatedDraft,
  type EmojiUse,
  entryAfter,
  type EntryDraft,
  type LogPosition,
  positionOf,
} from "../domain/entry.ts";
import { messageNotFound } from "../domain/errors.ts";
import type { Message } from "../domain/message.ts";
import { react, type Reactors } from "../domain/message_changes.ts";
import type { Actor } from "../domain/actor.ts";
import { capabilitiesOf } from "../domain/permissions.ts";
import {
  changesRoom,
  type MemberChange,
  memberChanges,
  rulesAfter,
  senderChange,
  settingChanges,
  standingAfter,
} from "../domain/room_changes.ts";
import type { Standing } from "../domain/membership.ts";
import type { NewRoom } from "../domain/room.ts";
import type { Store } from "../ports/store/store.ts";
import { type Known, type Needs, reactionKey, readNeeds } from "./needs.ts";
import { accessTo, type RoomAccess, type Table } from "./room_access.ts";
import type { Place } from "./standings.ts";

/** What decides what the authors of commands may do. */
export interface Authors {
  /** By their ids. */
  places: Map<string, Place>;
  table: Table;
}

/** For commands that ask for no access. */
function nobody(): Authors {
  return { places: new Map(), table: capabilitiesOf };
}

type ReactionDraft = Extract<ChangeDraft, { kind: "reacted" }>;

/**
 * Holds what commands need, and what the drafts decided so far make of it. It is read after the
 * basis was taken: what it shows beyond the basis makes the append fail.
 */
export class RoomState {
  /** The entries decided so far, in their order. */
  readonly drafts: EntryDraft[] = [];
  readonly #roomId: string;
  /** Null for commands that need nothing: then nothing is kept of what they do. */
  readonly #known: Known | null;
  readonly #authors: Authors;
  readonly #basis: LogPosition;
  #end: LogPosition;

  /** @param known what was read of a state that commands need */
  constructor(
    roomId: string,
    basis: LogPosition,
    authors = nobody(),
    known: Known | null = null,
  ) {
    this.#roomId = roomId;
    this.#basis = basis;
    this.#end = basis;
    this.#known = known;
    this.#authors = authors;
  }

  /** @throws ChatError `unavailable` */
  static async read(
    store: Pick<Store, "messages" | "members" | "rooms">,
    roomId: string,
    basis: LogPosition,
    needs: readonly Needs[],
    authors = nobody(),
  ): Promise<RoomState> {
    const known = await readNeeds(store, roomId, needs);
    return new RoomState(roomId, basis, authors, known);
  }

  /**
   * What the author of a command may do after the drafts decided so far.
   * @throws ChatError `room_not_found`, `forbidden` if they are banned
   */
  access(actor: Actor): RoomAccess {
    const { places, table } = this.#authors;
    return accessTo(actor, this.#roomId, places.get(actor.userId)!, table);
  }

  /** The standing of a user whom a command concerns. */
  standing(userId: string): Standing {
    return this.#authors.places.get(userId)!.standing;
  }

  /** Whether nobody else is an owner, and others are members. */
  isLastOwner(userId: string): boolean {
    const { owners, memberCount } = this.#known!;
    return owners.has(userId) && owners.size === 1 && memberCount > 1;
  }

  /** The room as it is after the drafts decided so far. */
  get room(): NewRoom {
    return this.#known!.room!;
  }

  /** Pinned messages in the room. */
  get pins(): number {
    return this.#known!.pins;
  }

  /** @throws ChatError `message_not_found` */
  message(id: string): Message {
    const message = this.#known?.messages.get(id);
    if (!message) throw messageNotFound();
    return message;
  }

  /**
   * The message after a user added an emoji or removed it; null if it was so already.
   * @throws ChatError `message_not_found`, `message_deleted`, `limit_reached`
   */
  react(messageId: string, use: EmojiUse, add: boolean): Message | null {
    const message = this.message(messageId);
    const key = reactionKey(messageId, use.emoji);
    const { reactors } = this.#known!;
    const { among = new Set<string>(), first = shownReactors(message, use.emoji) } =
      reactors.get(key) ?? {};
    const index = this.#openDraft(messageId, use.user.id) ?? this.drafts.length;
    const seq = this.#end.seq + 1 - (this.drafts.length - index);
    const changed = react(message, use, add, { among, first }, seq);
    if (!changed) return null;
    reactors.set(key, changed.reactors);
    return changed.message;
  }

  /**
   * Adds a draft. Reactions to a message become one entry as long as no other change of the message
   * is between them, nor anything else of the same user: their drafts keep their order.
   * @returns its index among the drafts
   */
  add(draft: EntryDraft): number {
    if (draft.kind === "created") this.#changeRoom(draft);
    const known = this.#known;
    if (!known) return this.drafts.push(draft) - 1;
    const index = this.#addKnown(draft, known);
    known.lastDrafts.set(authorOf(draft), index);
    return index;
  }

  #changeRoom(draft: CreatedDraft): void {
    const { message } = draft;
    const seq = this.#basis.seq + this.drafts.length + 1;
    const change = message.system ? null : senderChange(message, seq, draft);
    if (change) this.#changeMember(change);
    if (!changesRoom(message)) return;
    for (const change of memberChanges(message)) this.#changeMember(change);
    const { places } = this.#authors;
    for (const [userId, { rules, standing }] of places) {
      places.set(userId, { rules: rulesAfter(rules, message, seq), standing });
    }
    const settings = settingChanges(message);
    const known = this.#known;
    if (settings && known?.room) known.room = { ...known.room, ...settings };
  }

  #changeMember({ userId, ...change }: MemberChange): void {
    const { places } = this.#authors;
    const place = places.get(userId);
    if (!place) return;
    const after = standingAfter(place.standing, change);
    places.set(userId, { ...place, standing: after });
    const known = this.#known;
    if (!known) return;
    known.memberCount += Number(after.role !== null) - Number(place.standing.role !== null);
    if (after.role === "owner") known.owners.add(userId);
    else known.owners.delete(userId);
  }

  #addKnown(draft: EntryDraft, known: Known): number {
    if (draft.kind === "created") return this.#push(draft, known);
    const { id } = draft.message;
    if (draft.kind === "pinned") known.pins++;
    if (draft.kind === "unpinned" || (draft.kind === "deleted" && draft.before.pinned)) {
      known.pins--;
    }
    const open = this.#openDraft(id, draft.by.id);
    known.openReactions.delete(id);
    if (draft.kind !== "reacted") return this.#push(draft, known);
    const index = open !== undefined && this.#merge(open, draft, known)
      ? open
      : this.#push(draft, known);
    known.openReactions.set(id, index);
    return index;
  }

  /** The index of the draft that a user's reaction to a message can join. */
  #openDraft(messageId: string, userId: string): number | undefined {
    const { openReactions, lastDrafts } = this.#known!;
    const open = openReactions.get(messageId);
    const last = lastDrafts.get(userId);
    return open !== undefined && last !== undefined && last > open ? undefined : open;
  }

  #push(draft: EntryDraft, { messages }: Known): number {
    const entry = entryAfter(this.#end, this.#roomId, draft);
    this.#end = positionOf(entry);
    messages.set(entry.message.id, entry.message);
    return this.drafts.push(draft) - 1;
  }

  /** Whether the reactions could join an earlier draft; one that takes back what it did cannot. */
  #merge(index: number, draft: ReactionDraft, { messages }: Known): boolean {
    const { added, removed, message } = draft;
    const earlier = this.drafts[index] as ReactionDraft;
    const uses = [...earlier.added, ...earlier.removed];
    if ([...added, ...removed].some((use) => uses.some((other) => isSame(use, other)))) {
      return false;
    }
    this.drafts[index] = {
      ...earlier,
      message,
      added: [...earlier.added, ...added].toSorted(byUser),
      removed: [...earlier.removed, ...removed].toSorted(byUser),
    };
    const known = messages.get(message.id)!;
    messages.set(message.id, { ...known, reactions: message.reactions });
    return true;
  }
}

/** Those whom the message names: in their order, before every entry that is still to come. */
function shownReactors({ reactions }: Message, emoji: string): Reactors["first"] {
  const { users = [] } = reactions.find((reaction) => reaction.emoji === emoji) ?? {};
  return users.map((userId, i) => ({ userId, seq: i - users.length }));
}

function authorOf(draft: EntryDraft): string {
  return draft.kind === "created" ? draft.message.sender.id : draft.by.id;
}

function isSame(a: EmojiUse, b: EmojiUse): boolean {
  return a.emoji === b.emoji && a.user.id === b.user.id;
}

function byUser(a: EmojiUse, b: EmojiUse): number {
  return a.user.id < b.user.id ? -1 : Number(a.user.id > b.user.id);
}
