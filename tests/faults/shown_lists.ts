/** Checks the lists that a client of another make has shown: without a gap, never older, in the end the server's. */
import type { KnownLog } from "./known_log.ts";
import type { Glance, State } from "./record.ts";
import { type Violation, violation } from "./violation.ts";

/** All that a client shows of a room at one time: the last messages, oldest first. */
export interface ShownList extends Glance {
  /** The last entry that it has taken. */
  upTo: number;
}

/**
 * Deleted messages may be shown or not.
 * @param lists in the order in which they were shown
 */
export function* faultsOfLists(
  lists: readonly ShownList[],
  log: KnownLog,
): Generator<Violation> {
  const newest = new Map<string, number>();
  let cursor = 0;
  for (const { upTo, messages } of lists) {
    if (upTo < cursor) {
      yield violation("disorder", `its cursor went back from ${cursor} to ${upTo}`);
    }
    cursor = Math.max(cursor, upTo);
    yield* gapsIn(messages, upTo, log);
    for (const { id, seq, changedSeq } of messages) {
      const known = newest.get(id) ?? 0;
      if (changedSeq < known) {
        yield violation("differs", `message ${seq} went back from ${known} to ${changedSeq}`);
      }
      newest.set(id, Math.max(known, changedSeq));
    }
  }
  yield* faultsOfLast(lists.at(-1), log);
}

function* gapsIn(messages: readonly State[], upTo: number, log: KnownLog): Generator<Violation> {
  const late = messages.find(({ seq }, i) => i > 0 && seq < messages[i - 1]!.seq);
  if (late) yield violation("disorder", `message ${late.seq} was shown after a later one`);
  const ids = new Set(messages.map(({ id }) => id));
  if (ids.size < messages.length) yield violation("repeated", "a message was shown twice at once");
  const [first] = messages;
  // Recovery may leave what was changed after its page to a later one.
  const missing = log.bySeq.filter(({ id, seq, changedSeq, isDeleted }) => {
    return seq > (first?.seq ?? 0) && changedSeq <= upTo && !isDeleted && !ids.has(id);
  });
  for (const { seq } of missing) yield violation("lost", `message ${seq} was not shown at ${upTo}`);
}

function* faultsOfLast(last: ShownList | undefined, log: KnownLog): Generator<Violation> {
  const { head } = log.record;
  if (!last) return yield violation("lost", "it was never shown");
  if (last.upTo !== head) yield violation("lost", `it was shown up to ${last.upTo} of ${head}`);
  for (const state of last.messages) {
    const stored = log.messages.get(state.id);
    if (!stored || JSON.stringify(state) === JSON.stringify(stored)) continue;
    const both = `${JSON.stringify(state)}, not ${JSON.stringify(stored)}`;
    yield violation("differs", `message ${state.seq} is shown as ${both}`);
  }
}
