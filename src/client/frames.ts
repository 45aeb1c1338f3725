/** What goes over the socket: the server's frames, and the size of the client's. */
import type { ServerEvents } from "../protocol/wire/events.ts";
import { MAX_FRAME_BYTES } from "../protocol/wire/limits.ts";
import type { Message, MessageChange } from "../protocol/wire/messages.ts";
import type { PublicUser } from "../protocol/wire/users.ts";
import { utf8Length } from "./platform.ts";

/** Any frame of the server: its event's name, data, and the `ref` of what it answers. */
export type ServerFrame = {
  [E in keyof ServerEvents]: { event: E; data: ServerEvents[E]; ref?: number };
}[keyof ServerEvents];

/** An entry of a room's log. Its event may be unknown to this client. */
export interface EntryFrame {
  event: string;
  data: {
    roomId: string;
    seq: number;
    entryId?: string;
    message?: Message;
    change?: MessageChange;
    by?: PublicUser;
    referenced?: Message[];
  };
}

/** Parses a frame of one or several events; none if it is not JSON, as from a faulty proxy. */
export function framesIn(text: string): ServerFrame[] {
  try {
    const frames = JSON.parse(text);
    return Array.isArray(frames) ? frames : [frames];
  } catch {
    return [];
  }
}

/** Whatever has an entry id is an entry; older servers send `message:new` without one. */
export function isEntry(frame: ServerFrame | EntryFrame): frame is EntryFrame {
  return frame.event === "message:new" || "entryId" in frame.data;
}

/** Whether the server takes a command of this size, with room for its `ref`. */
export function fits(event: string, data: object): boolean {
  const frame = JSON.stringify({ event, data, ref: Number.MAX_SAFE_INTEGER });
  return utf8Length(frame) <= MAX_FRAME_BYTES;
}

/** Entries that carry the message which they create or change. */
const MESSAGE_EVENTS: ReadonlySet<string> = new Set([
  "message:new",
  "message:updated",
  "message:deleted",
]);

/** The message of an entry; undefined if this client does not know its event. */
export function messageOf(event: string, { message }: EntryFrame["data"]): Message | undefined {
  return MESSAGE_EVENTS.has(event) ? message : undefined;
}
