/** Sends, and all changes of messages. */
import type { Accepted } from "../../application/messages/accept.ts";
import { deleteMessage } from "../../application/messages/delete_message.ts";
import { editMessage } from "../../application/messages/edit_message.ts";
import { sendMessage } from "../../application/messages/send_message.ts";
import { setPin } from "../../application/messages/set_pin.ts";
import { setReaction } from "../../application/messages/set_reaction.ts";
import type { Participant } from "../../domain/actor.ts";
import { newId } from "../../domain/id.ts";
import { isoTime } from "../../protocol/iso_time.ts";
import type { Result } from "../../services/decision.ts";
import { type Command, fail } from "../command.ts";
import type { Context, HandlersOf } from "./handler.ts";
import { inRoom } from "./in_room.ts";

type MessageEvent =
  | "message:send"
  | "message:edit"
  | "message:delete"
  | "message:pin"
  | "message:unpin"
  | "reaction:add"
  | "reaction:remove";

export function messageHandlers(context: Context): HandlersOf<MessageEvent> {
  /** Commands that are recognised when they are repeated. */
  const once = (
    command: Command,
    roomId: string,
    clientMessageId: string,
    accept: (actor: Participant, room: string) => Promise<Accepted>,
  ) => {
    command.about.clientMessageId = clientMessageId;
    return acknowledged(context, command, roomId, accept, () => ({ clientMessageId }));
  };
  /** Commands that change nothing when they are repeated. */
  const setting = (
    command: Command,
    roomId: string,
    accept: (actor: Participant, room: string) => Promise<Accepted>,
  ) => {
    return acknowledged(context, command, roomId, accept, (result) => {
      return { changed: "entry" in result };
    });
  };
  const react = (isOn: boolean): HandlersOf<"reaction:add">["reaction:add"] => {
    return (command, { roomId, messageId, emoji }) =>
      setting(command, roomId, (actor, room) => {
        return setReaction(actor, context, { room, messageId, emoji, isOn });
      });
  };
  const pin = (isPinned: boolean): HandlersOf<"message:pin">["message:pin"] => {
    return (command, { roomId, messageId }) =>
      setting(command, roomId, (actor, room) => {
        return setPin(actor, context, { room, messageId, isPinned });
      });
  };
  return {
    "message:send"(command, { roomId, clientMessageId = newId(), ...content }) {
      return once(command, roomId, clientMessageId, (actor, room) => {
        return sendMessage(actor, context, { ...content, room, clientMessageId });
      });
    },
    "message:edit"(command, { roomId, clientMessageId = newId(), ...change }) {
      return once(command, roomId, clientMessageId, (actor, room) => {
        return editMessage(actor, context, { ...change, room, clientMessageId });
      });
    },
    "message:delete"(command, { roomId, messageId, clientMessageId = newId() }) {
      return once(command, roomId, clientMessageId, (actor, room) => {
        return deleteMessage(actor, context, { room, messageId, clientMessageId });
      });
    },
    "reaction:add": react(true),
    "reaction:remove": react(false),
    "message:pin": pin(true),
    "message:unpin": pin(false),
  };
}

/** @param more what else the acknowledgement says */
function acknowledged(
  context: Context,
  command: Command,
  idOrSlug: string,
  accept: (actor: Participant, roomId: string) => Promise<Accepted>,
  more: (result: Result) => { clientMessageId?: string; changed?: boolean },
): Promise<void> {
  const { connection, ref } = command;
  return inRoom(context, command, idOrSlug, async (actor, roomId) => {
    const { result } = await accept(actor, roomId);
    // Not awaited: the next command may begin once this one has its place in the log's order.
    result.then((done) => {
      connection.emit("message:ack", { roomId, ...more(done), ...placeOf(done) }, ref);
    }).catch((error) => fail(command, error, context.metrics));
  });
}

/** The message, and the entry that made it so. */
function placeOf(result: Result): { id: string; seq: number; createdAt: string } {
  if ("entry" in result) {
    const { message: { id }, seq, createdAt } = result.entry;
    return { id, seq, createdAt: isoTime(createdAt) };
  }
  const { id, changedSeq: seq, updatedAt } = result.unchanged;
  return { id, seq, createdAt: isoTime(updatedAt) };
}
