/** Messages as the client shows them once they are sent, for tests of what uses them. */
import type { ChatMessage } from "../../src/client/mod.ts";
import { NEW_MESSAGE } from "../../src/protocol/wire/messages.ts";

type Fields = Pick<ChatMessage, "sender" | "createdAt"> & Partial<ChatMessage>;

export function sentMessage(seq: number, fields: Fields): ChatMessage {
  return {
    ...NEW_MESSAGE,
    key: `key ${seq}`,
    state: "sent",
    id: `${seq}`,
    seq,
    changedSeq: seq,
    text: `text ${seq}`,
    clientMessageId: `${seq}`,
    updatedAt: fields.createdAt,
    ownReactions: [],
    isChanging: false,
    ...fields,
  };
}
