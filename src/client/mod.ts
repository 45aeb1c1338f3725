/**
 * A client of an EchoRoom server for browsers, React Native, Deno, and Node 22 or later (20 and 21 with
 * the package `ws`): it stays connected, recovers what was missed, and sends again what was not acked,
 * so that an app only shows what is there.
 *
 * @example
 * ```ts
 * import { createClient } from "@echoroom/client";
 *
 * const client = createClient("https://chat.example.com");
 * const ada = { email: "ada@example.com", password: "correct horse", displayName: "Ada" };
 * await client.login(ada).catch(() => client.register(ada));
 * await client.api.readRoom("general").catch(() => client.api.createRoom({ name: "General" }));
 *
 * const room = client.join("general");
 * room.messages.subscribe(() => {
 *   const last = room.messages.get().at(-1);
 *   console.log(last?.text, last?.state);
 * });
 * await room.send("Hello"); // resolves once the message is durable
 * ```
 *
 * @module
 */
export { AUTH_ERROR_CODES, type AuthErrorCode } from "../protocol/wire/auth_error_codes.ts";
export type {
  AuthClientEvents,
  AuthServerEvents,
  ServerLimits,
  SignedIn,
} from "../protocol/wire/auth.ts";
export type {
  AccountChange,
  AccountChanges,
  AccountClientEvents,
  AccountItem,
  AccountServerEvents,
  MemberOfRoom,
} from "../protocol/wire/account.ts";
export type { Member, MembersPage, Restricted, RoomRole } from "../protocol/wire/members.ts";
export type {
  Mention,
  MentionReason,
  MentionServerEvents,
  MentionsPage,
} from "../protocol/wire/mentions.ts";
export type { ErrorServerEvents } from "../protocol/wire/errors.ts";
export type { ClientEvents, ServerEvents } from "../protocol/wire/events.ts";
export type {
  ChangedSettings,
  EmojiUse,
  Message,
  MessageChange,
  MessageClientEvents,
  MessageContent,
  MessageServerEvents,
  MessagesPage,
  Metadata,
  Reaction,
  Related,
  RelatedToReader,
  RoomCursor,
  SystemData,
  Thread as ThreadCount,
} from "../protocol/wire/messages.ts";
export type {
  ListedRoom,
  NewRoom,
  PostPolicy,
  ReadState,
  RemovalReason,
  Room as RoomInfo,
  RoomClientEvents,
  RoomServerEvents,
  RoomsPage,
  RoomsQuery,
  RoomType,
} from "../protocol/wire/rooms.ts";
export type { PublicUser, User } from "../protocol/wire/users.ts";
export type { File } from "../protocol/wire/files.ts";
export type { ERROR_CODES, ErrorCode, InputFault } from "../domain/errors.ts";
export { CLOSE_CODES } from "../protocol/wire/close_codes.ts";
export type { Account, Api, Changes, Credentials, ProfileChanges, RequestParts } from "./api.ts";
export { Client, createClient, type JoinOptions, type MentionHint } from "./client.ts";
export type { ClientOptions } from "./options.ts";
export type { ConnectionState } from "./connection.ts";
export { type ClientErrorCode, EchoRoomError, type Refusal } from "./errors.ts";
export type { Observable } from "./observable.ts";
export type { Ack, Edit, MessageOptions, OutgoingFile } from "./commands.ts";
export type {
  ClientFetch,
  ClientRequest,
  ClientResponse,
  ClientSocket,
  ClientSocketConstructor,
} from "./platform.ts";
export type {
  Attendance,
  ChangedBy,
  ChangedReactions,
  OthersReading,
  Recovery,
  Room,
  RoomEventHandler,
  RoomEvents,
  RoomState,
  SendOptions,
} from "./room.ts";
export type { Unread } from "./reading.ts";
export type { Thread } from "./thread.ts";
export type { ObservableRooms } from "./room_list.ts";
export type { RoomSummary } from "./room_summary.ts";
export type { ChatMessage, MessageRef, MessageState } from "./chat_message.ts";
export { TIMING, type Timing } from "./timing.ts";
export type { OutboxStorage } from "./unsent_store.ts";
