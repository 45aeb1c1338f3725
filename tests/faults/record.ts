/** What clients did and saw in a fault test, and rooms as the server shows them: the checker's input. */
import type { Message } from "../../src/protocol/wire/messages.ts";

/** A message as it was shown, without what does not depend on the log. */
export type State =
  & Pick<
    Message,
    "id" | "seq" | "changedSeq" | "clientMessageId" | "text" | "pinned" | "reactions"
  >
  & { isEdited: boolean; isDeleted: boolean };

/** What a client asks the server to do. */
export type Action =
  | { type: "send"; text: string; replyTo: string | null }
  | { type: "edit"; messageId: string; text: string; ifChangedSeq: number | null }
  | { type: "delete"; messageId: string }
  | { type: "react"; messageId: string; emoji: string; isOn: boolean }
  | { type: "pin"; messageId: string; isOn: boolean };

export interface Command {
  /** Unique; also its `clientMessageId`, if it has one. */
  name: string;
  roomId: string;
  action: Action;
  /** How often it was sent: again after a lost connection, or if it was `unavailable`. */
  posts: number;
  /** When it was sent first; moments are milliseconds of one clock of all clients. */
  postedAt: number;
  ack: Ack | null;
  refusal: Refusal | null;
}

export interface Ack {
  /** The message's. */
  id: string;
  seq: number;
  /** False if it was as asked already; `seq` is then of no entry of this command. */
  isChanged: boolean;
  at: number;
}

export interface Refusal {
  code: string;
  at: number;
}

/** Messages that one answer or frame showed. */
export interface Shown {
  /** When it was asked for; null for a live entry. */
  asked: number | null;
  messages: readonly State[];
  referenced: readonly State[];
}

/** Messages that were shown otherwise than as a step through the log, such as by REST. */
export interface Glance extends Shown {
  roomId: string;
  /** The last entry that is sure to be in them; 0 if that is unknown. */
  upTo: number;
}

/** One step of a client's way through a room's log. */
export interface Step extends Shown {
  /** `joined` shows the room as it is at entry `upTo`; others cover the entries after `after`. */
  kind: "joined" | "missed" | "entry";
  after: number;
  upTo: number;
  /** The id of entry `upTo`. */
  entryId: string;
  /** What a live entry did. */
  change: Change | null;
}

export interface Change {
  type: "created" | "edited" | "deleted" | "reactions" | "pinned" | "unpinned";
  messageId: string;
  /** The id of the user; null for reactions. */
  by: string | null;
  added: readonly Use[];
  removed: readonly Use[];
}

export interface Use {
  emoji: string;
  userId: string;
}

/** What a client has seen of a room. */
export interface View {
  roomId: string;
  /** The entries up to this one were not asked for; null before the room was joined. */
  from: number | null;
  /** The last entry covered. */
  cursor: number;
  /** In the order in which they came. */
  steps: Step[];
}

/** All that a client did and saw. */
export interface Memory {
  readonly name: string;
  readonly userId: string;
  readonly commands: readonly Command[];
  readonly views: readonly View[];
  readonly glances: readonly Glance[];
  /** Whether it gets new entries of all its rooms. */
  readonly live: boolean;
  /** Violations of the protocol that it saw, each a sentence. */
  readonly breaches: readonly string[];
}

/** A room as the API shows it in the end. */
export interface RoomRecord {
  roomId: string;
  /** The last entry. */
  head: number;
  /** Its messages as recovery from the beginning shows them, by the entry that changed each last. */
  recovered: readonly State[];
  /** The same, as REST shows them. */
  history: readonly State[];
  /** Those that the list of pins shows. */
  pins: readonly State[];
  /** What each instance shows to somebody who joins. */
  joined: readonly { lastSeq: number; messages: readonly State[] }[];
  /** How many people are in it, as each instance counts. */
  online: readonly number[];
}

export function stateOf(message: Message): State {
  const { id, seq, changedSeq, clientMessageId, text, pinned } = message;
  const reactions = message.reactions.map(({ emoji, count, users }) => ({ emoji, count, users }));
  const isEdited = message.editedAt !== null;
  const isDeleted = message.deletedAt !== null;
  return { id, seq, changedSeq, clientMessageId, text, pinned, reactions, isEdited, isDeleted };
}

/** The messages of an answer or a frame. */
export function shownIn(
  { messages, referenced = [] }: { messages: Message[]; referenced?: Message[] },
): Pick<Shown, "messages" | "referenced"> {
  return { messages: messages.map(stateOf), referenced: referenced.map(stateOf) };
}

/** Keeps the newer state of each message, as every client does. */
export function keepNewest(messages: Map<string, State>, states: readonly State[]): void {
  for (const state of states) {
    const known = messages.get(state.id);
    if (!known || known.changedSeq < state.changedSeq) messages.set(state.id, state);
  }
}

/** The present, by the clock of all moments. */
export function moment(): number {
  return performance.now();
}
