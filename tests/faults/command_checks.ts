/** Checks that what was acked is in the log, and that messages are what their commands made of them. */
import { hasContent, isEntryOf, type Issued, type KnownLog } from "./known_log.ts";
import type { State } from "./record.ts";
import { type Violation, violation } from "./violation.ts";

const SHOWN_REACTORS = 10;

/** What is wrong with the answer to a command. */
export function* faultsOfCommand(command: Issued, log: KnownLog): Generator<Violation> {
  const { name, action, ack, refusal } = command;
  if (refusal) return yield* faultsOfRefusal(command, log);
  if (!ack) return yield violation("lost", `${name} was never acked`);
  const stored = log.messages.get(ack.id);
  const acked = `${name} (${action.type}), acked as ${ack.seq},`;
  if (!stored) return yield violation("lost", `${acked} is of no message in the log`);
  if (action.type === "send") {
    if (stored.seq === ack.seq && stored.clientMessageId === name) return;
    return yield violation("changed", `${acked} is ${JSON.stringify(stored)}`);
  }
  if (stored.changedSeq < ack.seq) {
    yield violation("lost", `${acked} is gone: the message is as at ${stored.changedSeq}`);
  }
  if (action.type === "delete" && !stored.isDeleted) {
    return yield violation("lost", `${acked} is gone: the message is not deleted`);
  }
  if (action.type === "delete" && stored.changedSeq !== ack.seq) {
    yield violation("changed", `${acked} was at ${stored.changedSeq}`);
  }
  const entry = log.entries.get(ack.seq);
  if (ack.isChanged && entry && !isEntryOf(entry, command)) {
    yield violation("changed", `${acked} is ${JSON.stringify(entry)}`);
  }
}

function* faultsOfRefusal(command: Issued, log: KnownLog): Generator<Violation> {
  const { name, action, refusal } = command;
  const { code, at } = refusal!;
  if (log.record.recovered.some(({ clientMessageId }) => clientMessageId === name)) {
    yield violation("invented", `${name} was refused, and is in the log`);
  }
  const target = action.type === "send" ? action.replyTo : action.messageId;
  const earlier = log.commandsOf(target ?? "").filter(({ postedAt }) => postedAt < at);
  const isRight = code === "message_deleted"
    ? action.type !== "delete" && earlier.some((other) => other.action.type === "delete")
    : code === "edit_conflict" && earlier.some((other) => isEditAfter(command, other));
  if (!isRight) yield violation("breach", `${name} (${action.type}) was refused: ${code}`);
}

function isEditAfter({ action, name }: Issued, other: Issued): boolean {
  if (action.type !== "edit" || action.ifChangedSeq === null) return false;
  return other.name !== name && other.action.type === "edit" &&
    (other.ack?.seq ?? 0) > action.ifChangedSeq;
}

/** What is wrong with a message in the end, by all commands that were about it. */
export function* faultsOfMessage(state: State, log: KnownLog): Generator<Violation> {
  const { id, seq, changedSeq, isDeleted } = state;
  const commands = log.commandsOf(id);
  const last = Math.max(0, ...log.changesOf(id).map((entry) => entry.seq));
  if (changedSeq < last) yield violation("lost", `message ${seq} lacks its change at ${last}`);
  if (isDeleted) {
    if (hasContent(state)) yield violation("leaked", `message ${seq} is deleted, with content`);
    if (!commands.some(({ action }) => action.type === "delete")) {
      yield violation("invented", `message ${seq} is deleted, and nobody asked for it`);
    }
    return;
  }
  yield* faultsOfText(state, commands);
  yield* faultsOfReactions(state, commands);
  yield* faultsOfPin(state, commands);
}

/** The text is that of the last entry with one. */
function* faultsOfText({ seq, text, isEdited }: State, commands: readonly Issued[]) {
  const texts = commands.flatMap(({ action, ack }) => {
    return "text" in action && ack ? [{ text: action.text, seq: ack.seq }] : [];
  }).toSorted((a, b) => a.seq - b.seq);
  const last = texts.at(-1);
  // A room's first message is the server's.
  if (!last) return;
  if (text !== last.text) {
    yield violation("changed", `message ${seq} says “${text}”, and “${last.text}” at ${last.seq}`);
  } else if (isEdited !== texts.length > 1) {
    yield violation("changed", `message ${seq} is ${isEdited ? "" : "not "}shown as edited`);
  }
}

function* faultsOfReactions({ seq, reactions }: State, commands: readonly Issued[]) {
  const { on, unsure } = settled(commands, "react", ({ action, userId }) => {
    return "emoji" in action ? `${action.emoji} ${userId}` : "";
  });
  for (const { emoji, count, users } of reactions) {
    const keys = users.map((user) => `${emoji} ${user}`);
    const strange = keys.filter((key) => !on.has(key) && !unsure.has(key));
    const max = countOf(on, emoji) + countOf(unsure, emoji);
    if (strange.length > 0 || count > max || users.length !== Math.min(count, SHOWN_REACTORS)) {
      yield violation("invented", `message ${seq} has ${count} ${emoji}, of ${users}`);
    }
  }
  for (const emoji of new Set([...on].map((key) => key.split(" ")[0]!))) {
    const { count = 0, users = [] } = reactions.find((each) => each.emoji === emoji) ?? {};
    const keys = users.map((user) => `${emoji} ${user}`);
    const lacking = count <= SHOWN_REACTORS
      ? [...on].filter((key) => key.startsWith(`${emoji} `) && !keys.includes(key))
      : [];
    if (lacking.length === 0 && count >= countOf(on, emoji)) continue;
    yield violation("lost", `message ${seq} has ${count} ${emoji}, and lacks ${lacking}`);
  }
}

function countOf(keys: ReadonlySet<string>, emoji: string): number {
  return [...keys].filter((key) => key.startsWith(`${emoji} `)).length;
}

function* faultsOfPin({ seq, pinned }: State, commands: readonly Issued[]) {
  const { on, unsure } = settled(commands, "pin", ({ userId }) => userId);
  if (unsure.size > 0 || pinned === on.size > 0) return;
  const sentence = `message ${seq} is ${pinned ? "" : "not "}pinned`;
  yield violation(pinned ? "invented" : "lost", sentence);
}

/**
 * What commands that set something have set in the end. They have no id: if one that was sent twice
 * was followed by another, its first copy may have waited on an instance that hung, and come last.
 */
function settled(
  commands: readonly Issued[],
  type: "react" | "pin",
  keyOf: (command: Issued) => string,
): { on: Set<string>; unsure: Set<string> } {
  const on = new Set<string>();
  const unsure = new Set<string>();
  const settings = commands.filter(({ action }) => action.type === type);
  for (const [key, same] of Map.groupBy(settings, keyOf)) {
    const { action, ack } = same.at(-1)!;
    const isSure = ack !== null && same.slice(0, -1).every(({ posts }) => posts === 1);
    if (!isSure) unsure.add(key);
    else if ("isOn" in action && action.isOn) on.add(key);
  }
  return { on, unsure };
}
