/** `message:send`. */
import { sendMessage } from "../../application/messages/send_message.ts";
import { newId } from "../../domain/id.ts";
import { fail } from "../command.ts";
import type { Context, HandlersOf } from "./handler.ts";
import { inRoom } from "./in_room.ts";

export function messageHandlers(context: Context): HandlersOf<"message:send"> {
  return {
    "message:send"(command, { roomId: idOrSlug, text, clientMessageId = newId() }) {
      const { connection, ref } = command;
      command.about.clientMessageId = clientMessageId;
      return inRoom(context, command, idOrSlug, async (actor, roomId) => {
        const input = { room: roomId, text, clientMessageId };
        const { stored } = await sendMessage(actor, context, input);
        // Not awaited: the next command may begin once this message has its place in the log's order.
        stored.then(({ id, seq, createdAt }) => {
          const ack = { roomId, clientMessageId, id, seq, createdAt: createdAt.toISOString() };
          connection.emit("message:ack", ack, ref);
        }).catch((error) => fail(command, error, context.metrics));
      });
    },
  };
}
