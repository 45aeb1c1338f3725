/** The commands of clients, all families together. */
import { accountHandlers } from "./account.ts";
import { authHandlers } from "./auth.ts";
import type { Context, Handlers } from "./handler.ts";
import { messageHandlers } from "./messages.ts";
import { readingHandlers } from "./reading.ts";
import { recoveryHandlers } from "./recovery.ts";
import { roomHandlers } from "./rooms.ts";
import { typingHandlers } from "./typing.ts";

export function createHandlers(context: Context): Handlers {
  return {
    ...authHandlers(context),
    ...accountHandlers(context),
    ...roomHandlers(context),
    ...messageHandlers(context),
    ...readingHandlers(context),
    ...typingHandlers(context),
    ...recoveryHandlers(context),
  };
}
