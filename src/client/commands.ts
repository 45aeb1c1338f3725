/** What a user does in a room and the server stores: sends, and changes of messages. */
import type { File } from "../protocol/wire/files.ts";
import type { Metadata } from "../protocol/wire/messages.ts";
import type { ServerEvents } from "../protocol/wire/events.ts";
import type { Connection } from "./connection.ts";

/** The server's confirmation that a message is durable. */
export type Ack = ServerEvents["message:ack"];

/** What a message holds beside its text. */
export interface MessageOptions {
  /** The ids of users whom it names, at most 25. */
  mentions?: readonly string[] | undefined;
  /** The app's own JSON, up to 4 KiB and five levels; null for none. */
  metadata?: Metadata | null | undefined;
}

/** A file that is sent with a message, before the server has it. */
export interface OutgoingFile {
  /** As it is named here; the server cleans it. */
  readonly name: string;
  /** As the browser takes it to be; the server looks at the bytes. */
  readonly type: string;
  /** In bytes. */
  readonly size: number;
  /** How many of its bytes have gone out. */
  readonly sent: number;
  /** Its bytes, for a preview. */
  readonly blob: Blob;
}

/** Another text of a message, or other things beside it: what is left out stays. */
export interface Edit extends MessageOptions {
  /** Trimmed by the server, then 1 to 4,000 characters. */
  text?: string | undefined;
  /** The edit is refused as `edit_conflict` if the text was edited after this entry. */
  ifChangedSeq?: number | undefined;
}

/** A change of a message, by the event that asks for it. */
export type Change =
  & {
    /** Null until the message that it changes is acked. */
    messageId: string | null;
  }
  & (
    | { event: "message:edit" } & Edit
    | { event: "reaction:add" | "reaction:remove"; emoji: string }
    | { event: "message:delete" | "message:pin" | "message:unpin" }
  );

/** What a message to be sent holds. */
export interface Content extends MessageOptions {
  text: string;
  /** The id of the message that it answers. */
  replyTo?: string | undefined;
  mentionsRoom?: boolean | undefined;
  /** Uploaded. */
  attachments?: readonly File[] | undefined;
  /** To be uploaded before it is sent. */
  files?: readonly OutgoingFile[] | undefined;
}

/** What a command is, wherever it goes. */
export type Action = (Content & { change?: undefined } | { change: Change }) & {
  /** A new one, if it is not given. */
  clientMessageId?: string;
  /**
   * The `clientMessageId` of an unsent message that this one changes or answers; it has no id yet.
   */
  sendId?: string | undefined;
};

/** What an edit replaces in a message that is not sent yet, and the edit before it. */
type Replaced = MessageOptions & { text: string; before?: Replaced | undefined };

/** A command that the server has not acked yet. Stored as JSON: what is stored must stay readable. */
export type Unsent = Action & {
  /** Id or slug. */
  room: string;
  clientMessageId: string;
  /** ISO 8601, by the local clock, but later than that of the command before. */
  createdAt: string;
  /** Whether the server may have it. */
  attempted?: boolean | undefined;
  /** What its last edit has replaced, for the case that the server refuses that. */
  before?: Replaced | undefined;
};

/** A message on its way. */
export type UnsentMessage = Extract<Unsent, Content>;
/** A change on its way. */
export type UnsentChange = Extract<Unsent, { change: Change }>;

/** Whether a command changes a message, rather than sending one. */
export function isChange(unsent: Unsent): unsent is UnsentChange {
  return unsent.change !== undefined;
}

/**
 * Sends a command.
 * @throws {EchoRoomError} the server's refusal, or `disconnected` if no answer will come
 */
export function transmit(connection: Connection, unsent: Unsent): Promise<Ack> {
  const { room: roomId, clientMessageId, ...own } = unsent;
  const { createdAt: _, attempted: _a, before: _b, sendId: _s, ...rest } = own;
  const { change, attachments, ...content } = rest as Partial<Content> & { change?: Change };
  const ids = attachments && { attachments: attachments.map(({ id }) => id) };
  const { event, ...data } = change ?? { event: "message:send" as const, ...content, ...ids };
  return connection.request(event, { roomId, clientMessageId, ...data } as never);
}

/** The same command once the message that it changes or answers is acked with this id. */
export function withTarget<T extends Action>(action: T, id: string): T {
  const { sendId: _, ...rest } = action;
  const target = action.change ? { change: { ...action.change, messageId: id } } : { replyTo: id };
  return { ...rest, ...target } as unknown as T;
}
