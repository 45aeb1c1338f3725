/** What the log has made of changes that are pending on messages. */
import type { ChangeDocument, MessageDocument, PendingChange } from "./entry_documents.ts";
import {
  type AppendedChange,
  type CommittedChange,
  project,
  type Projection,
  type Unchanged,
} from "./projection.ts";

/** What an entry says of the change that it is. */
export type LoggedChange = Pick<ChangeDocument, "_id" | "seq" | "added" | "removed">;

/** What the log has made of a message's pending changes. */
export interface Settled<T extends Unchanged> extends Projection<T> {
  /** Whether any was committed. */
  isChanged: boolean;
  /** Those whose numbers the log has, committed or not, in their order, as they are in `pending`. */
  decided: readonly PendingChange[];
  /** When it was changed last, or would have been. */
  at: Date;
}

/** What the log has made of a message's pending changes; null if it has none of their numbers. */
export function settle<T extends MessageDocument>(
  message: T,
  log: Map<number, LoggedChange>,
): Settled<T> | null {
  const pending = (message.pending ?? []).toSorted((a, b) => a.seq - b.seq);
  // Entries that were inserted during the look-up can be found without those before them.
  const open = pending.findIndex(({ seq }) => !log.has(seq));
  const decided = open < 0 ? pending : pending.slice(0, open);
  if (decided.length === 0) return null;
  const { seq, changedSeq = seq } = message;
  const committed = decided.flatMap((change): CommittedChange[] => {
    const { _id, ...uses } = log.get(change.seq)!;
    // One that was applied before was announced twice, as by a driver that tries again.
    const isNew = _id === change.id && change.seq > changedSeq;
    return isNew ? [{ ...change, ...uses }] : [];
  });
  const isChanged = committed.length > 0;
  return { ...project(message, committed), isChanged, ...decidedBy(decided) };
}

/** What changes that were just appended have made of messages: nothing has to be looked up for it. */
export function settledByAppend(changes: readonly AppendedChange[]): Settled<Unchanged>[] {
  return inSuccession(changes).map(settledBy);
}

/** The change as it is kept in the message. */
export function toPending({ id, seq, kind, content }: CommittedChange): PendingChange {
  return { id, seq, kind, content };
}

/** The changes of each message, split where one was not decided on what the one before has made. */
function inSuccession(changes: readonly AppendedChange[]): AppendedChange[][] {
  const runs: AppendedChange[][] = [];
  const open = new Map<string, AppendedChange[]>();
  for (const each of changes) {
    const { _id, seq, changedSeq = seq } = each.before;
    const run = open.get(_id);
    if (run?.at(-1)?.change.seq === changedSeq) {
      run.push(each);
      continue;
    }
    const next = [each];
    open.set(_id, next);
    runs.push(next);
  }
  return runs;
}

function settledBy(changes: readonly AppendedChange[]): Settled<Unchanged> {
  const committed = changes.map(({ change }) => change);
  return {
    ...project(changes[0]!.before, committed),
    isChanged: true,
    ...decidedBy(committed.map(toPending)),
  };
}

function decidedBy(
  decided: readonly PendingChange[],
): Pick<Settled<Unchanged>, "decided" | "at"> {
  return { decided, at: decided.at(-1)!.content.updatedAt };
}
