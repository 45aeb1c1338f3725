/** Compares what clients did and saw with the rooms' logs: nothing lost, repeated, reordered, invented or leaked. */
import { faultsOfCommand, faultsOfMessage } from "./command_checks.ts";
import { KnownLog } from "./known_log.ts";
import {
  keepNewest,
  type Memory,
  type RoomRecord,
  type State,
  type Step,
  type View,
} from "./record.ts";
import { about, type Violation, violation } from "./violation.ts";

/** A client of another make, of which is known what it showed. */
export interface Guest extends Memory {
  /** What is wrong with it. */
  violations(log: KnownLog): Iterable<Violation>;
}

/**
 * Finds every guarantee that is broken, or not met yet, after the last command was sent.
 * @param guest beside the clients
 */
export function findViolations(
  rooms: readonly RoomRecord[],
  clients: readonly Memory[],
  guest: Guest | null = null,
): Violation[] {
  const memories = guest ? [...clients, guest] : clients;
  const logs = rooms.map((room) => new KnownLog(room, memories));
  return [
    ...logs.flatMap((log) => guest ? [...guest.violations(log)] : []),
    ...logs.flatMap((log) => [...about(log.record.roomId, faultsOfRoom(log, memories))]),
    ...memories.flatMap((memory) => [...about(memory.name, faultsOfMemory(memory, logs))]),
  ];
}

/**
 * Finds clients that lack an entry which another has seen. To be called before any room is
 * read: an instance that is asked for a room looks at its log, and delivers what it had missed.
 */
export function findLaggards(memories: readonly Memory[]): Violation[] {
  const known = memories.flatMap(({ commands, views }) => [
    ...commands.map(({ roomId, ack }) => ({ roomId, seq: ack?.seq ?? 0 })),
    ...views.map(({ roomId, cursor }) => ({ roomId, seq: cursor })),
  ]);
  const heads = new Map<string, number>();
  for (const { roomId, seq } of known) heads.set(roomId, Math.max(seq, heads.get(roomId) ?? 0));
  return memories.flatMap(({ name, views }) => {
    const behind = views.filter(({ roomId, cursor }) => cursor !== heads.get(roomId));
    return behind.map(({ roomId, cursor }) => {
      return violation("lost", `${name}: ${roomId}: stays at ${cursor} of ${heads.get(roomId)}`);
    });
  });
}

function* faultsOfRoom(log: KnownLog, memories: readonly Memory[]): Generator<Violation> {
  const { roomId, online } = log.record;
  yield* log.violations;
  yield* faultsOfRecord(log);
  yield* inventions(log);
  yield* holes(log);
  for (const state of log.messages.values()) yield* faultsOfMessage(state, log);
  const members = memories.filter(({ views }) => views.some((view) => view.roomId === roomId));
  for (const [i, count] of online.entries()) {
    if (count === members.length) continue;
    yield violation("miscount", `instance ${i + 1} counts ${count} of ${members.length} people`);
  }
}

/** Whether all ways to read a room agree. */
function* faultsOfRecord(log: KnownLog): Generator<Violation> {
  const { head, recovered, history, pins, joined } = log.record;
  for (const [id, copies] of Map.groupBy(recovered, ({ clientMessageId }) => clientMessageId)) {
    if (copies.length > 1) yield violation("repeated", `${id} stands at ${seqs(copies)}`);
  }
  const last = recovered.at(-1)?.changedSeq ?? 0;
  if (last !== head) yield violation("hole", `recovery ends with ${last}, not with ${head}`);
  for (const [seq, changed] of Map.groupBy(recovered, ({ changedSeq }) => changedSeq)) {
    if (changed.length > 1) yield violation("repeated", `${seq} changed ${seqs(changed)}`);
  }
  if (!same(log.bySeq, history)) yield violation("changed", "history differs from recovery");
  const pinned = byId(recovered.filter((state) => state.pinned));
  if (!same(pinned, byId(pins))) yield violation("changed", "the pins differ from recovery");
  for (const [i, { lastSeq, messages }] of joined.entries()) {
    if (lastSeq !== head) {
      yield violation("lost", `instance ${i + 1} shows it up to ${lastSeq} of ${head}`);
    } else if (!same(messages, log.latestAt(head))) {
      yield violation("changed", `instance ${i + 1} shows a joiner other than recovery`);
    }
  }
}

/** Entries that nobody asked for, or not so often. */
function* inventions({ bySeq, commands, entries }: KnownLog): Generator<Violation> {
  const sent = new Set(
    commands.filter(({ action }) => action.type === "send").map(({ name }) => name),
  );
  for (const { seq, clientMessageId } of bySeq) {
    // A room's first entry is its creation.
    if (seq === 1 || sent.has(clientMessageId)) continue;
    yield violation("invented", `${clientMessageId} stands at ${seq}, and nobody sent it`);
  }
  const acked = new Set(
    commands.map(({ action, ack }) => `${action.type} ${ack?.id} ${ack?.seq}`),
  );
  const settings = new Set(commands.map(({ action, userId }) => {
    if (action.type === "react") return useOf(action.messageId, action.emoji, userId, action.isOn);
    return action.type === "pin" ? `${action.messageId} ${action.isOn} ${userId}` : "";
  }));
  for (const { type, seq, messageId, by, added, removed } of entries.values()) {
    const isKnown = {
      created: () => true,
      edited: () => acked.has(`edit ${messageId} ${seq}`),
      deleted: () => acked.has(`delete ${messageId} ${seq}`),
      pinned: () => settings.has(`${messageId} true ${by}`),
      unpinned: () => settings.has(`${messageId} false ${by}`),
      reactions: () =>
        added.every((use) => settings.has(useOf(messageId, use.emoji, use.userId, true))) &&
        removed.every((use) => settings.has(useOf(messageId, use.emoji, use.userId, false))),
    }[type]();
    if (!isKnown) yield violation("invented", `${type} at ${seq}, which nobody asked for`);
  }
}

function useOf(messageId: string, emoji: string, userId: string, isOn: boolean): string {
  return `${messageId} ${emoji} ${userId} ${isOn}`;
}

/**
 * Numbers without an entry. Nobody may have seen an entry of which an instance died before its ack:
 * of a reaction or pin that was sent again, as then it was so already.
 */
function* holes({ record, commands, entries }: KnownLog): Generator<Violation> {
  const known = new Set([
    ...entries.keys(),
    ...record.recovered.flatMap(({ seq, changedSeq }) => [seq, changedSeq]),
    ...commands.flatMap(({ ack }) => ack ? [ack.seq] : []),
  ]);
  const numbers = Array.from({ length: record.head }, (_, i) => i + 1);
  const unknown = numbers.filter((seq) => !known.has(seq));
  const unseen = commands.filter(({ action }) => action.type === "react" || action.type === "pin")
    .reduce((sum, { posts }) => sum + Math.max(0, posts - 1), 0);
  if (unknown.length <= unseen) return;
  yield violation("hole", `nothing stands at ${list(unknown)}`);
}

function* faultsOfMemory(
  { breaches, live, userId, commands, views, glances }: Memory,
  logs: readonly KnownLog[],
): Generator<Violation> {
  for (const breach of breaches) yield violation("breach", breach);
  if (!live) yield violation("lost", "it did not get live again");
  for (const log of logs) {
    const { roomId } = log.record;
    for (const command of commands) {
      if (command.roomId === roomId) yield* faultsOfCommand({ ...command, userId }, log);
    }
    const view = views.find((view) => view.roomId === roomId);
    if (view) yield* about(roomId, faultsOfView(view, log));
    for (const glance of glances) {
      if (glance.roomId === roomId) yield* about("at a glance", log.faultsOf(glance, glance.upTo));
    }
  }
}

function* faultsOfView(view: View, log: KnownLog): Generator<Violation> {
  if (view.from === null) return yield violation("lost", "it was never let in");
  yield* faultsOfCoverage(view, view.from, log.record.head);
  const shown = new Map<string, State>();
  for (const step of view.steps) {
    yield* log.faultsOf(step, step.upTo);
    yield* outOfPlace(step);
    keepNewest(shown, step.messages);
  }
  yield* foldFaults(view.from, view, shown, log);
}

function* faultsOfCoverage(
  { steps, cursor }: View,
  from: number,
  head: number,
): Generator<Violation> {
  const times = new Map<number, number>();
  for (const { kind, after, upTo } of steps) {
    if (kind === "joined") continue;
    for (let seq = after + 1; seq <= upTo; seq++) times.set(seq, (times.get(seq) ?? 0) + 1);
  }
  const expected = Array.from({ length: Math.max(0, head - from) }, (_, i) => from + 1 + i);
  const missing = expected.filter((seq) => !times.has(seq));
  if (missing.length > 0) yield violation("lost", `${list(missing)} never came`);
  const again = [...times].filter(([, count]) => count > 1).map(([seq]) => seq);
  if (again.length > 0) yield violation("repeated", `${list(again)} came more than once`);
  if (cursor > head) yield violation("invented", `${cursor} came, and the log ends at ${head}`);
  const late = steps.find(({ upTo }, i) => i > 0 && upTo < steps[i - 1]!.upTo);
  if (late) yield violation("disorder", `${late.upTo} came after a later one`);
}

/** What is wrong with a step as such. */
function* outOfPlace({ kind, after, upTo, change, messages }: Step): Generator<Violation> {
  if (kind === "missed") {
    const late = messages.find(({ changedSeq }, i) => {
      return i > 0 && changedSeq <= messages[i - 1]!.changedSeq;
    });
    if (late) yield violation("disorder", `${late.changedSeq} was recovered after a later one`);
    const old = messages.find(({ changedSeq }) => changedSeq <= after);
    if (old) yield violation("repeated", `${old.changedSeq} was recovered after ${after}`);
  }
  if (kind !== "entry") return;
  const [{ seq, changedSeq }] = messages as [State];
  if (changedSeq < upTo) yield violation("changed", `entry ${upTo} came as at ${changedSeq}`);
  if ((change?.type === "created") !== (seq === upTo)) {
    yield violation("changed", `entry ${upTo} came as ${change?.type}, of message ${seq}`);
  }
}

/** Whether what a client shows in the end is what the server shows. */
function* foldFaults(
  from: number,
  { steps }: View,
  shown: ReadonlyMap<string, State>,
  log: KnownLog,
): Generator<Violation> {
  const [first] = steps;
  const before = first?.kind === "joined" ? log.latestAt(from) : [];
  if (first?.kind === "joined" && !isSameList(first.messages, before)) {
    yield violation("lost", `joining at ${from} showed other messages than the last`);
  }
  const after = log.record.recovered.filter(({ changedSeq }) => changedSeq > from);
  const expected = new Map([...before, ...after].map((state) => [state.id, state]));
  for (const [id, state] of expected) {
    const held = shown.get(id);
    if (!held) yield violation("lost", `message ${state.seq} never came`);
    else if (!equal(held, state)) {
      const both = `${JSON.stringify(held)}, not ${JSON.stringify(state)}`;
      yield violation("differs", `message ${state.seq} is shown as ${both}`);
    }
  }
  for (const [id, { seq }] of shown) {
    if (!expected.has(id)) yield violation("invented", `message ${seq} came, and was not to`);
  }
}

function isSameList(some: readonly State[], others: readonly State[]): boolean {
  return some.map(({ id }) => id).join() === others.map(({ id }) => id).join();
}

function same(some: readonly State[], others: readonly State[]): boolean {
  return some.length === others.length && some.every((state, i) => equal(state, others[i]!));
}

function equal(a: State, b: State): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function byId(states: readonly State[]): State[] {
  return states.toSorted((a, b) => a.id < b.id ? -1 : 1);
}

function seqs(states: readonly State[]): string {
  return list(states.map(({ seq }) => seq));
}

function list(numbers: readonly number[]): string {
  const shown = numbers.slice(0, 5).join(", ");
  return numbers.length > 5 ? `${shown} … (${numbers.length} in all)` : shown;
}
