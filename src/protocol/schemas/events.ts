/** The events of the WebSocket, of all families: the schema of the data that each carries. */
import type { z } from "zod";
import type { ClientEvents, ServerEvents } from "../wire/events.ts";
import { ACCOUNT_CLIENT_EVENTS, ACCOUNT_SERVER_EVENTS } from "./account.ts";
import { AUTH_CLIENT_EVENTS, AUTH_SERVER_EVENTS } from "./auth.ts";
import { ERROR_SERVER_EVENTS } from "./errors.ts";
import { MENTION_SERVER_EVENTS } from "./mentions.ts";
import { MESSAGE_CLIENT_EVENTS, MESSAGE_SERVER_EVENTS } from "./message_events.ts";
import { ROOM_CLIENT_EVENTS, ROOM_SERVER_EVENTS } from "./rooms.ts";

/** What a client sends. */
export const CLIENT_EVENTS = {
  ...AUTH_CLIENT_EVENTS,
  ...ACCOUNT_CLIENT_EVENTS,
  ...ROOM_CLIENT_EVENTS,
  ...MESSAGE_CLIENT_EVENTS,
} as const satisfies Record<keyof ClientEvents, z.ZodType>;

export type ClientEvent = keyof typeof CLIENT_EVENTS;
export type ClientData<E extends ClientEvent> = z.output<typeof CLIENT_EVENTS[E]>;

/** What the server sends. */
export const SERVER_EVENTS = {
  ...AUTH_SERVER_EVENTS,
  ...ACCOUNT_SERVER_EVENTS,
  ...ROOM_SERVER_EVENTS,
  ...MESSAGE_SERVER_EVENTS,
  ...MENTION_SERVER_EVENTS,
  ...ERROR_SERVER_EVENTS,
} as const satisfies { [E in keyof ServerEvents]: z.ZodType<ServerEvents[E]> };
