/** Which event answers which, when a command succeeds and when it is refused. */
import type { ClientEvents, ServerEvents } from "./events.ts";

/** The event that answers each command, unless it is refused. Other commands have no answer. */
export const ANSWERS = {
  "auth:identify": "auth:ok",
  "account:recover": "account:missed",
  "room:join": "room:joined",
  "room:leave": "room:left",
  "room:read": "read:ack",
  "room:unread": "read:ack",
  "message:send": "message:ack",
  "message:edit": "message:ack",
  "message:delete": "message:ack",
  "reaction:add": "message:ack",
  "reaction:remove": "message:ack",
  "message:pin": "message:ack",
  "message:unpin": "message:ack",
  "connection:recover": "connection:missed",
} as const satisfies { [E in keyof ClientEvents]?: keyof ServerEvents };

/** A command that is answered. */
export type AnsweredEvent = keyof typeof ANSWERS;
/** The data of the answer to a command. */
export type Answer<E extends AnsweredEvent> = ServerEvents[typeof ANSWERS[E]];

/** The events that a command may be refused by. */
export function refusalsOf(event: AnsweredEvent): (keyof ServerEvents)[] {
  return event === "auth:identify" ? ["auth:error", "error"] : ["error"];
}
