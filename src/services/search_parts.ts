/** What entries of rooms' logs make of the index that messages are found by, in parts of limited work. */
import { getLogger } from "@logtape/logtape";
import { WorkSlices } from "../async/work_slices.ts";
import type { Entry } from "../domain/entry.ts";
import type { Message } from "../domain/message.ts";
import { contentsOf } from "../domain/search_query.ts";
import { termsOf, wordsOf } from "../domain/words.ts";
import {
  type IndexedMessage,
  type IndexPart,
  type IndexProgress,
  MAX_SKEW_MS,
} from "../ports/store/search.ts";

const logger = getLogger(["echoroom", "search"]);

/** Terms that are added at once, or those of one message: other writes wait for it. */
export const MAX_TERMS = 5_000;
/** What an entry costs at least, in terms. */
const MIN_TERMS = 40;

type RemovedMessage = IndexPart["removed"][number];

/** A part, and what it costs to add, in terms. */
export interface SizedPart {
  part: IndexPart;
  size: number;
}

/**
 * What entries that follow `from` make of the index, in their order: parts that each follow the one
 * before, of at most `MAX_TERMS` or one message; made in slices between which others have their turn.
 */
export async function* partsOf(
  roomId: string,
  from: IndexProgress,
  entries: readonly Entry[],
): AsyncGenerator<SizedPart> {
  const latest = latestOf(entries);
  let [to, next] = [from, emptyPart(roomId, from)];
  const slices = new WorkSlices();
  for (const { seq, kind, message } of entries) {
    const at = kind === "created" ? momentOf(message, to.at) : to.at;
    // A message that is in the index keeps its moment.
    const changed = isChange(kind) ? latest.get(message.id) : undefined;
    latest.delete(changed?.id ?? "");
    const indexed = changed && !changed.deletedAt && !changed.system && toIndexed(changed, at);
    const size = Math.max(indexed ? indexed.terms.length : 0, changed ? MIN_TERMS : 0);
    if (next.size > 0 && next.size + size > MAX_TERMS) {
      yield { part: { ...next.part, to }, size: next.size };
      next = emptyPart(roomId, to);
    }
    next.size += size;
    to = { seq, at };
    if (indexed) next.part.messages.push(indexed);
    else if (changed?.deletedAt) next.part.removed.push(toRemoved(changed));
    await slices.pause();
  }
  if (to.seq > next.part.from) yield { part: { ...next.part, to }, size: next.size };
}

function emptyPart(roomId: string, { seq: from }: IndexProgress) {
  const [messages, removed]: [IndexedMessage[], RemovedMessage[]] = [[], []];
  return { part: { roomId, from, messages, removed }, size: 0 };
}

function isChange(kind: Entry["kind"]): boolean {
  return kind === "created" || kind === "edited" || kind === "deleted";
}

/** The messages that entries have changed, as the last has left each. */
function latestOf(entries: readonly Entry[]): Map<string, Message> {
  const latest = new Map<string, Message>();
  for (const { kind, message } of entries) {
    const known = latest.get(message.id);
    const isOlder = known !== undefined && known.changedSeq > message.changedSeq;
    if (isChange(kind) && !isOlder) latest.set(message.id, message);
  }
  return latest;
}

/** When a message was sent, but not before those before it, as far as that is the clocks' fault. */
function momentOf({ createdAt }: Message, last: Date): Date {
  const isSkew = createdAt < last && last.getTime() - createdAt.getTime() <= MAX_SKEW_MS;
  return isSkew ? last : createdAt;
}

function toIndexed(message: Message, at: Date): IndexedMessage {
  const { id: messageId, seq, changedSeq, sender } = message;
  return { messageId, seq, changedSeq, at, senderId: sender.id, ...findableOf(message) };
}

/** What a message is found by; nothing if that fails: it must not keep others out of the index. */
function findableOf(message: Message): Pick<IndexedMessage, "has" | "terms"> {
  try {
    return { has: contentsOf(message), terms: termsOf(wordsOf(message.text)) };
  } catch (error) {
    const { id: messageId } = message;
    logger.error("Message {messageId} cannot be found by its words: {error}", { messageId, error });
    return { has: [], terms: [] };
  }
}

function toRemoved({ id: messageId, seq, changedSeq }: Message): RemovedMessage {
  return { messageId, seq, changedSeq };
}
