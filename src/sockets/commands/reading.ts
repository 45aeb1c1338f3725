/** `room:read` and `room:unread`. */
import { setRead } from "../../application/rooms/set_read.ts";
import type { Command } from "../command.ts";
import type { Context, HandlersOf } from "./handler.ts";
import { inRoom } from "./in_room.ts";

export function readingHandlers(context: Context): HandlersOf<"room:read" | "room:unread"> {
  const set = (command: Command, idOrSlug: string, seq: number, back: boolean) =>
    inRoom(context, command, idOrSlug, async (actor, roomId) => {
      const { readSeq, ...counts } = await setRead(actor, context, { room: roomId, seq, back });
      const { unread, mentions } = counts;
      const data = { roomId, seq: readSeq, unread, mentions };
      command.connection.emit("read:ack", data, command.ref);
    });
  return {
    "room:read": (command, { roomId, seq }) => set(command, roomId, seq, false),
    "room:unread": (command, { roomId, seq }) => set(command, roomId, seq - 1, true),
  };
}
