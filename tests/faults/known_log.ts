/** A room's log as far as its clients and the room's record tell of it: what every view has to agree with. */
import type { Change, Command, Memory, RoomRecord, Shown, State, Step, Use } from "./record.ts";
import { type Violation, violation } from "./violation.ts";

/** As many messages a joiner is shown. */
const SHOWN_ON_JOIN = 50;

/** An entry that a client got live. */
export interface KnownEntry extends Change {
  seq: number;
  id: string;
}

/** A command and whose it is. */
export interface Issued extends Command {
  userId: string;
}

export interface Deletion {
  seq: number;
  /** When its first ack came; Infinity without one. */
  at: number;
}

export class KnownLog {
  /** Its messages in the end, in the order of their creation. */
  readonly bySeq: readonly State[];
  /** The same by id. */
  readonly messages: ReadonlyMap<string, State>;
  readonly entries = new Map<number, KnownEntry>();
  readonly commands: readonly Issued[];
  /** By the ids of the messages. */
  readonly deletions = new Map<string, Deletion>();
  /** What was shown of it that contradicts itself. */
  readonly violations: Violation[] = [];
  readonly #commandsOf: ReadonlyMap<string | undefined, readonly Issued[]>;
  #entriesOf: ReadonlyMap<string, readonly KnownEntry[]> | undefined;
  /** The ids of entries, by number. */
  readonly #entryIds = new Map<number, string>();
  /** Each state of each message that was shown. */
  readonly #states = new Map<string, string>();

  constructor(readonly record: RoomRecord, memories: readonly Memory[]) {
    const { roomId, recovered } = record;
    this.bySeq = recovered.toSorted((a, b) => a.seq - b.seq);
    this.messages = new Map(recovered.map((state) => [state.id, state]));
    this.commands = memories.flatMap(({ userId, commands }) => {
      return commands.filter((command) => command.roomId === roomId)
        .map((command) => ({ ...command, userId }));
    });
    this.#commandsOf = Map.groupBy(this.commands, messageOf);
    for (const { id, changedSeq, isDeleted } of recovered) {
      if (isDeleted) this.deletions.set(id, { seq: changedSeq, at: Infinity });
    }
    for (const { action, ack } of this.commands) {
      if (action.type !== "delete" || !ack) continue;
      const { seq, at } = this.deletions.get(ack.id) ?? { seq: ack.seq, at: Infinity };
      this.deletions.set(ack.id, { seq, at: Math.min(at, ack.at) });
    }
    this.#learnStates({ messages: recovered, referenced: [] });
    const here = <T extends { roomId: string }>(item: T) => item.roomId === roomId;
    for (const { views, glances } of memories) {
      for (const step of views.filter(here).flatMap(({ steps }) => steps)) this.#learn(step);
      for (const glance of glances.filter(here)) this.#learnStates(glance);
    }
  }

  /** The commands that make or change a message. */
  commandsOf(messageId: string): readonly Issued[] {
    return this.#commandsOf.get(messageId) ?? [];
  }

  /** The entries of a message that a client got live. */
  changesOf(messageId: string): readonly KnownEntry[] {
    this.#entriesOf ??= Map.groupBy(this.entries.values(), (entry) => entry.messageId);
    return this.#entriesOf.get(messageId) ?? [];
  }

  /** The last messages that were there at an entry, as they are in the end. */
  latestAt(seq: number): State[] {
    return this.bySeq.filter((state) => state.seq <= seq).slice(-SHOWN_ON_JOIN);
  }

  /** What is wrong with messages that were shown, in a step or at a glance. */
  *faultsOf({ asked, messages, referenced }: Shown, upTo = 0): Generator<Violation> {
    for (const state of [...messages, ...referenced]) {
      const { id, seq, changedSeq, isDeleted } = state;
      const deletion = this.deletions.get(id);
      if (isDeleted && hasContent(state)) {
        yield violation("leaked", `${seq} was shown as deleted, and with its content`);
      }
      if (!isDeleted && deletion && (deletion.seq <= upTo || deletion.at < (asked ?? 0))) {
        yield violation("leaked", `${seq} was shown as at ${changedSeq} after its deletion`);
      }
      if (!this.messages.has(id)) {
        yield violation("invented", `${seq} was shown, which is not in the log`);
      } else if (JSON.stringify(state) !== this.#states.get(keyOf(state))) {
        yield violation("changed", `${seq} was shown in two ways as at ${changedSeq}`);
      }
    }
  }

  #learn(step: Step): void {
    const { upTo, entryId, change } = step;
    this.#learnStates(step);
    const id = this.#entryIds.get(upTo);
    if (id !== undefined && id !== entryId) {
      this.violations.push(violation("changed", `entry ${upTo} is ${id} and ${entryId}`));
    }
    this.#entryIds.set(upTo, entryId);
    if (!change) return;
    const entry = { ...change, seq: upTo, id: entryId };
    const known = this.entries.get(upTo);
    if (known && JSON.stringify(known) !== JSON.stringify(entry)) {
      const both = `${JSON.stringify(known)} and ${JSON.stringify(entry)}`;
      this.violations.push(violation("changed", `entry ${upTo} came as ${both}`));
    }
    this.entries.set(upTo, entry);
  }

  #learnStates({ messages, referenced }: Pick<Shown, "messages" | "referenced">): void {
    for (const state of [...messages, ...referenced]) {
      this.#states.getOrInsertComputed(keyOf(state), () => JSON.stringify(state));
    }
  }
}

/** Whether it is the entry that a command was acked with. */
export function isEntryOf({ type, messageId, by, added, removed }: KnownEntry, command: Issued) {
  const { action, userId, ack } = command;
  if (messageId !== ack?.id) return false;
  switch (action.type) {
    case "send":
      return type === "created" && by === userId;
    case "edit":
      return type === "edited" && by === userId;
    // Another may have been the first.
    case "delete":
      return type === "deleted";
    case "react":
      return type === "reactions" && has(action.isOn ? added : removed, action.emoji, userId);
    case "pin":
      return type === (action.isOn ? "pinned" : "unpinned") && by === userId;
  }
}

function has(uses: readonly Use[], emoji: string, userId: string): boolean {
  return uses.some((use) => use.emoji === emoji && use.userId === userId);
}

/** The id of the message that it makes or changes. */
export function messageOf({ action, ack }: Command): string | undefined {
  return action.type === "send" ? ack?.id : action.messageId;
}

export function hasContent({ text, reactions, pinned }: State): boolean {
  return text !== "" || reactions.length > 0 || pinned;
}

function keyOf({ id, changedSeq }: State): string {
  return `${id} ${changedSeq}`;
}
