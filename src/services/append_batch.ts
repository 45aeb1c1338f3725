/** Commands that wait to be appended: how many one append takes, and how each is settled. */
import type { Entry } from "../domain/entry.ts";
import { type Attempt, type Command, keyOf, requireRepeat, type Result } from "./decision.ts";

/**
 * Entries in one append, and UTF-16 units of text in them; more wait for the next. A room's sockets
 * are handed a batch in one turn, which has to stay well below what may wait unsent in a socket.
 */
const MAX_BATCH = { entries: 500, length: 128 * 1024 } as const;
/**
 * As many sends count as much as a command that is decided on messages: it costs the store about two,
 * and a message is read for it that may be longer than the command.
 */
const NEEDY_ENTRIES = 5;

/** A command, and who waits for what becomes of it. */
export interface Waiting {
  command: Command;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** How many of those that wait, at least one, go into the next append. */
export function batchSize(waiting: Waiting[]): number {
  if (waiting.length === 1) return 1;
  let [entries, length] = [0, 0];
  const end = waiting.slice(0, MAX_BATCH.entries).findIndex(({ command }, i) => {
    entries += command.needs ? NEEDY_ENTRIES : 1;
    length += command.text.length;
    return i > 0 && (length > MAX_BATCH.length || entries > MAX_BATCH.entries);
  });
  return end < 0 ? Math.min(waiting.length, MAX_BATCH.entries) : end;
}

/** Settles commands whose drafts are stored. Returns what has to be decided again. */
export function settle(
  { accepted, repeats }: Attempt<Waiting>,
  entries: readonly Entry[],
): readonly Waiting[] {
  const open = [...repeats];
  for (const { waiting, index } of accepted) {
    const entry = entries[index];
    if (entry) waiting.resolve({ entry });
    else open.push(waiting);
  }
  return open;
}

/** Settles commands that the log has already. Returns the others. */
export function settleRepeats(
  waiting: readonly Waiting[],
  entries: readonly Entry[],
): readonly Waiting[] {
  if (entries.length === 0) return waiting;
  const byKey = new Map(entries.map((entry) => [keyOf(entry), entry]));
  return waiting.filter(({ command, resolve, reject }) => {
    const entry = byKey.get(keyOf(command));
    if (!entry) return true;
    try {
      requireRepeat(command, entry);
      resolve({ entry, isRepeat: true });
    } catch (error) {
      reject(error);
    }
    return false;
  });
}

/** Entries of an attempt that was refused after `count` drafts, but had stored more. */
export function ownAmong(
  { drafts }: Attempt<Waiting>,
  count: number,
  entries: readonly Entry[],
): Entry[] {
  const ids = new Set(
    drafts.slice(count).map((draft) => draft.kind === "created" ? draft.message.id : draft.id),
  );
  return entries.filter(({ id }) => ids.has(id)).toSorted((a, b) => a.seq - b.seq);
}
