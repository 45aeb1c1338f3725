/** Events as text, for buses that leave the process. */
import type { Message } from "../../domain/message.ts";
import { publicUser } from "../../domain/user.ts";
import type { BusEvent, InstanceEvent, RoomEvent } from "../../ports/bus.ts";

export type CarriedEvent = RoomEvent | InstanceEvent;

const KINDS: ReadonlySet<BusEvent["kind"]> = new Set<BusEvent["kind"]>([
  "appended",
  "grown",
  "append_unknown",
  "typing",
  "presence",
  "alive",
  "gone",
  "presence_wanted",
  "session_revoked",
  "profile_changed",
]);

/** The room that an event concerns; null if it concerns every instance. */
export function roomOf(event: CarriedEvent): string | null {
  return "roomId" in event ? event.roomId : null;
}

export function format(from: string, event: CarriedEvent): string {
  return JSON.stringify([from, event]);
}

/** Reads what `format` wrote; null for anything else, such as an event of a later version. */
export function parse(text: string): { from: string; event: CarriedEvent } | null {
  try {
    const [from, event] = JSON.parse(text);
    if (typeof from !== "string" || !KINDS.has(event.kind)) return null;
    if (event.kind === "appended") event.messages = event.messages.map(toMessage);
    return { from, event };
  } catch {
    return null;
  }
}

/** @throws RangeError or TypeError if it is none: delivered, it would break its room */
function toMessage(json: Message): Message {
  const { createdAt, updatedAt, sender, seq, ...rest } = json;
  if (!Number.isSafeInteger(seq)) throw new RangeError("seq is no number");
  return {
    ...rest,
    seq,
    sender: publicUser(sender),
    createdAt: toTime(createdAt),
    updatedAt: toTime(updatedAt),
  };
}

function toTime(json: unknown): Date {
  const time = new Date(json as string);
  if (Number.isNaN(time.getTime())) throw new RangeError("it is no time");
  return time;
}
