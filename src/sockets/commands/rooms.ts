/** `room:join` and `room:leave`. */
import { joinRoom } from "../../application/rooms/join_room.ts";
import { leaveRoom } from "../../application/rooms/leave_room.ts";
import { frameOf } from "../../protocol/frames.ts";
import { presentCapabilities } from "../../protocol/schemas/rooms.ts";
import { enteredParts } from "../../rooms/entered_parts.ts";
import type { Context, HandlersOf } from "./handler.ts";
import { inRoom } from "./in_room.ts";

export function roomHandlers(context: Context): HandlersOf<"room:join" | "room:leave"> {
  return {
    "room:join"(command, { roomId: idOrSlug, present }) {
      const { connection, ref } = command;
      return inRoom(context, command, idOrSlug, (actor, roomId, access) => {
        const request = { room: roomId, access, subscriber: connection, present };
        return connection.rooms.join(
          roomId,
          () =>
            joinRoom(actor, context, request, ({ room, capabilities, online, ...entered }) => {
              connection.rooms.add(roomId);
              connection.send(frameOf("room:joined", {
                room,
                capabilities: JSON.stringify(presentCapabilities(capabilities)),
                online: online.named,
                onlineCount: String(online.count),
                ...enteredParts(entered),
              }, ref));
            }),
        );
      });
    },

    "room:leave"(command, { roomId: idOrSlug }) {
      const { connection, ref } = command;
      return inRoom(context, command, idOrSlug, (actor, roomId) => {
        leaveRoom(actor, context, { roomId, subscriber: connection });
        connection.rooms.delete(roomId);
        connection.emit("room:left", { roomId }, ref);
      });
    },
  };
}
