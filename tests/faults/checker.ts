/** Compares what clients saw with the rooms' logs: nothing lost, repeated, reordered or invented. */
import type { Entry, Memory, Send, View } from "./client.ts";

export interface Violation {
  kind: "lost" | "miscount" | "repeated" | "disorder" | "hole" | "invented" | "changed" | "breach";
  /** The source of the finding. */
  sentence: string;
}

/** A room as the API shows it. */
export interface RoomRecord {
  roomId: string;
  /** Its log from the beginning, as recovery shows it. */
  recovered: readonly Entry[];
  /** The same, as REST shows it. */
  history: readonly Entry[];
  /** How many people are in it, as each instance counts. */
  online: readonly number[];
}

/** Whether it may be resolved soon, when what is under way has arrived. */
export function mayPass({ kind }: Violation): boolean {
  return kind === "lost" || kind === "miscount";
}

/** Finds every guarantee that is broken, or not met yet, after the last message was sent. */
export function findViolations(
  rooms: readonly RoomRecord[],
  memories: readonly Memory[],
): Violation[] {
  return [
    ...rooms.flatMap((room) => [...about(room.roomId, faultsOfRoom(room, memories))]),
    ...memories.flatMap((memory) => [...about(memory.name, faultsOfMemory(memory, rooms))]),
  ];
}

/**
 * Finds clients that lack an entry which another has seen. To be called before any room is
 * read: an instance that is asked for a room looks at its log, and delivers what it had missed.
 */
export function findLaggards(memories: readonly Memory[]): Violation[] {
  const known = memories.flatMap(({ sends, views }) => [
    ...sends.map(({ roomId, ack }) => ({ roomId, seq: ack?.seq ?? 0 })),
    ...views.map(({ roomId, entries }) => ({ roomId, seq: entries.at(-1)?.seq ?? 0 })),
  ]);
  const heads = new Map<string, number>();
  for (const { roomId, seq } of known) heads.set(roomId, Math.max(seq, heads.get(roomId) ?? 0));
  return memories.flatMap(({ name, views }) => {
    const behind = views.filter(({ roomId, entries }) => entries.at(-1)?.seq !== heads.get(roomId));
    return behind.map(({ roomId, entries }) => {
      const last = entries.at(-1)?.seq;
      return violation("lost", `${name}: ${roomId}: stays at ${last} of ${heads.get(roomId)}`);
    });
  });
}

function* faultsOfRoom(
  { roomId, recovered, history, online }: RoomRecord,
  memories: readonly Memory[],
): Generator<Violation> {
  for (const [i, { seq }] of recovered.entries()) {
    if (seq !== i + 1) yield violation("hole", `${seq} stands where ${i + 1} should`);
  }
  for (const [id, repeats] of Map.groupBy(recovered, (entry) => entry.clientMessageId)) {
    if (repeats.length > 1) yield violation("repeated", `${id} stands at ${seqs(repeats)}`);
  }
  const sent = new Set(memories.flatMap(({ sends }) => sends.map((send) => send.clientMessageId)));
  // A room's first entry is its creation.
  for (const { seq, clientMessageId } of recovered.slice(1)) {
    if (sent.has(clientMessageId)) continue;
    yield violation("invented", `${clientMessageId} stands at ${seq}, and nobody sent it`);
  }
  if (!same(recovered, history)) yield violation("changed", "history differs from recovery");
  const members = memories.filter(({ views }) => views.some((view) => view.roomId === roomId));
  for (const [i, count] of online.entries()) {
    if (count === members.length) continue;
    yield violation("miscount", `instance ${i + 1} counts ${count} of ${members.length} people`);
  }
}

function* faultsOfMemory(
  { breaches, live, sends, views }: Memory,
  rooms: readonly RoomRecord[],
): Generator<Violation> {
  for (const breach of breaches) yield violation("breach", breach);
  if (!live) yield violation("lost", "it did not get live again");
  for (const { roomId, recovered } of rooms) {
    const stored = new Map(recovered.map((entry) => [entry.clientMessageId, entry]));
    for (const send of sends) {
      if (send.roomId === roomId) yield* faultsOfSend(send, stored.get(send.clientMessageId));
    }
    const view = views.find((view) => view.roomId === roomId);
    if (view) yield* about(roomId, faultsOfView(view, recovered));
  }
}

function* faultsOfSend(
  { clientMessageId: id, text, ack }: Send,
  stored: Entry | undefined,
): Generator<Violation> {
  if (!ack) return yield violation("lost", `${id} was never acked`);
  const name = `${id}, acked as ${ack.seq},`;
  if (!stored) return yield violation("lost", `${name} is not in the log`);
  if (!equal(stored, { ...ack, clientMessageId: id, text })) {
    yield violation("changed", `${name} is ${JSON.stringify(stored)}`);
  }
}

function* faultsOfView(
  { from, entries }: View,
  log: readonly Entry[],
): Generator<Violation> {
  if (from === null) return yield violation("lost", "it was never let in");
  const expected = new Map(log.filter(({ seq }) => seq > from).map((entry) => [entry.seq, entry]));
  const seen = Map.groupBy(entries, ({ seq }) => seq);
  const missing = expected.values().filter(({ seq }) => !seen.has(seq)).toArray();
  if (missing.length > 0) yield violation("lost", `${seqs(missing)} never came`);
  for (const [seq, copies] of seen) {
    const stored = expected.get(seq);
    if (copies.length > 1) yield violation("repeated", `${seq} came ${copies.length} times`);
    if (!stored) yield violation("invented", `${seq} came, which is not in the log after ${from}`);
    else if (!copies.every((entry) => equal(entry, stored))) {
      yield violation("changed", `${seq} came other than it is stored`);
    }
  }
  const late = entries.find(({ seq }, i) => i > 0 && seq < entries[i - 1]!.seq);
  if (late) yield violation("disorder", `${late.seq} came after a later one`);
}

function violation(kind: Violation["kind"], sentence: string): Violation {
  return { kind, sentence };
}

function* about(subject: string, violations: Iterable<Violation>): Generator<Violation> {
  for (const { kind, sentence } of violations) yield violation(kind, `${subject}: ${sentence}`);
}

function same(some: readonly Entry[], others: readonly Entry[]): boolean {
  return some.length === others.length && some.every((entry, i) => equal(entry, others[i]));
}

function equal(a: Entry | undefined, b: Entry | undefined): boolean {
  return a?.seq === b?.seq && a?.id === b?.id && a?.text === b?.text &&
    a?.clientMessageId === b?.clientMessageId;
}

function seqs(entries: readonly Entry[]): string {
  const shown = entries.slice(0, 5).map(({ seq }) => seq).join(", ");
  return entries.length > 5 ? `${shown} … (${entries.length} in all)` : shown;
}
