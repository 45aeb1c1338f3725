/** Events as text, for buses that leave the process. */
import type { EmojiUse, Entry } from "../../domain/entry.ts";
import { reviveAttachment } from "../../domain/file.ts";
import type { Message } from "../../domain/message.ts";
import { publicUser } from "../../domain/user.ts";
import type { AccountEvent, BusEvent, InstanceEvent, RoomEvent } from "../../ports/bus.ts";

export type CarriedEvent = RoomEvent | AccountEvent | InstanceEvent;

const KINDS: ReadonlySet<BusEvent["kind"]> = new Set<BusEvent["kind"]>([
  "appended",
  "head_advanced",
  "append_uncertain",
  "append_contended",
  "typing",
  "read_moved",
  "member_joined",
  "member_left",
  "presence",
  "account_changed",
  "mentioned",
  "everybody_mentioned",
  "alive",
  "instance_left",
  "presence_wanted",
  "session_revoked",
  "role_changed",
  "profile_changed",
]);

/** The id of the room or the account that an event concerns; null if it concerns every instance. */
export function subjectOf(event: CarriedEvent): string | null {
  if ("roomId" in event) return event.roomId;
  return "accountId" in event ? event.accountId : null;
}

export function format(from: string, event: CarriedEvent): string {
  return JSON.stringify([from, event]);
}

/** Reads what `format` wrote; null for anything else, such as an event of a later version. */
export function parse(text: string): { from: string; event: CarriedEvent } | null {
  try {
    const [from, event] = JSON.parse(text);
    if (typeof from !== "string" || !KINDS.has(event.kind)) return null;
    if (event.kind === "appended") event.entries = event.entries.map(toEntry);
    return { from, event };
  } catch {
    return null;
  }
}

/** @throws RangeError or TypeError if it is not an entry: delivered, it would break its room */
function toEntry({ message, by, createdAt, ...fields }: Entry): Entry {
  for (const number of [fields.seq, fields.n]) requireInteger(number);
  const common = { by: publicUser(by), createdAt: toTime(createdAt), message: toMessage(message) };
  if (fields.kind !== "reacted") return { ...fields, ...common };
  const { added, removed } = fields;
  return { ...fields, ...common, added: added.map(toUse), removed: removed.map(toUse) };
}

function toMessage(json: Message): Message {
  const { createdAt, updatedAt, editedAt, deletedAt, sender, ...rest } = json;
  for (const number of [rest.seq, rest.changedSeq, rest.textSeq]) requireInteger(number);
  // An instance of an earlier version sends none.
  const { mentions, reactions, attachments = [] } = rest;
  for (const list of [mentions, reactions]) list.length satisfies number;
  return {
    ...rest,
    attachments: attachments.map(reviveAttachment),
    sender: publicUser(sender),
    createdAt: toTime(createdAt),
    updatedAt: toTime(updatedAt),
    editedAt: editedAt && toTime(editedAt),
    deletedAt: deletedAt && toTime(deletedAt),
  };
}

function toUse({ emoji, user }: EmojiUse): EmojiUse {
  return { emoji, user: publicUser(user) };
}

function requireInteger(value: number): void {
  if (!Number.isSafeInteger(value)) throw new RangeError("it is not a number of an entry");
}

function toTime(json: unknown): Date {
  const time = new Date(json as string);
  if (Number.isNaN(time.getTime())) throw new RangeError("it is no time");
  return time;
}
