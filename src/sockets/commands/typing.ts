/** `typing:start` and `typing:stop`. */
import { setTyping } from "../../application/rooms/set_typing.ts";
import type { Command } from "../command.ts";
import type { Context, HandlersOf } from "./handler.ts";
import { inRoom } from "./in_room.ts";

export function typingHandlers(context: Context): HandlersOf<"typing:start" | "typing:stop"> {
  const set = (command: Command, idOrSlug: string, isTyping: boolean) =>
    inRoom(context, command, idOrSlug, (actor, roomId) => {
      const typing = { room: roomId, subscriber: command.connection, isTyping };
      return setTyping(actor, context, typing);
    });
  return {
    "typing:start": (command, { roomId }) => set(command, roomId, true),
    "typing:stop": (command, { roomId }) => set(command, roomId, false),
  };
}
