/** The events of the WebSocket, of all families: their names and the data that each carries. */
import type { AccountClientEvents, AccountServerEvents } from "./account.ts";
import type { AuthClientEvents, AuthServerEvents } from "./auth.ts";
import type { ErrorServerEvents } from "./errors.ts";
import type { MentionServerEvents } from "./mentions.ts";
import type { MessageClientEvents, MessageServerEvents } from "./messages.ts";
import type { RoomClientEvents, RoomServerEvents } from "./rooms.ts";

/** What a client sends over the WebSocket; `roomId` is an id or a slug. */
export interface ClientEvents
  extends AuthClientEvents, AccountClientEvents, RoomClientEvents, MessageClientEvents {}

/** What the server sends over the WebSocket; `roomId` is an id. */
export interface ServerEvents
  extends
    AuthServerEvents,
    AccountServerEvents,
    RoomServerEvents,
    MessageServerEvents,
    MentionServerEvents,
    ErrorServerEvents {}
