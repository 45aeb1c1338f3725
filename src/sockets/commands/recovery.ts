/** `connection:recover`: what a socket missed. */
import {
  type MissedInRoom,
  recoverRoom,
  type Recovery,
} from "../../application/rooms/recover_room.ts";
import { frameOf } from "../../protocol/frames.ts";
import { presentCapabilities } from "../../protocol/schemas/rooms.ts";
import { enteredParts } from "../../rooms/entered_parts.ts";
import type { Command } from "../command.ts";
import type { Context, HandlersOf } from "./handler.ts";
import { inRoom } from "./in_room.ts";

export function recoveryHandlers(context: Context): HandlersOf<"connection:recover"> {
  return {
    /** Rooms of one command are read side by side and answered in their order. */
    async "connection:recover"(command, { rooms, present }) {
      const parts: Command[] = [];
      let earlier = Promise.resolve();
      for (const { roomId, lastSeenSeq: seq, lastSeenEntryId: entryId } of rooms) {
        const part: Command = { ...command, about: { roomId } };
        parts.push(part);
        const request = { cursor: { seq, entryId }, present, earlier };
        await recover(context, part, roomId, request);
        earlier = part.done!;
      }
      command.done = Promise.all(parts.map(({ done }) => done)).then(() => {});
    },
  };
}

function recover(
  context: Context,
  command: Command,
  idOrSlug: string,
  request: Pick<Recovery, "cursor" | "present" | "earlier">,
): Promise<void> {
  const { connection } = command;
  return inRoom(context, command, idOrSlug, (actor, roomId, access) => {
    const recovery = { ...request, room: roomId, access, subscriber: connection };
    return connection.rooms.join(roomId, () =>
      recoverRoom(actor, context, recovery, (missed) => {
        if (!missed.hasMore) connection.rooms.add(roomId);
        connection.send(missedFrame(command, roomId, missed));
      }));
  }, request.earlier);
}

function missedFrame({ ref }: Command, roomId: string, missed: MissedInRoom): string {
  return frameOf("connection:missed", {
    roomId: JSON.stringify(roomId),
    room: missed.room,
    capabilities: JSON.stringify(presentCapabilities(missed.capabilities)),
    ...enteredParts(missed),
    hasMore: String(missed.hasMore),
    reset: String(missed.reset),
  }, ref);
}
