/** What frames show of messages, as the JSON of their parts. */
import { listPart } from "../protocol/frames.ts";
import { presentMessage } from "../protocol/schemas/messages.ts";
import type { Related } from "../services/related.ts";
import { listOf } from "./rendered_message.ts";
import type { Entered } from "./served_room.ts";

/** What a socket that comes into a room is shown of it. */
export function enteredParts(
  { messages, related, lastSeq, lastEntryId }: Entered,
) {
  return {
    messages: listOf(messages),
    ...relatedParts(related),
    mine: JSON.stringify(related.mine),
    threads: JSON.stringify(related.threads),
    lastSeq: String(lastSeq),
    lastEntryId: JSON.stringify(lastEntryId),
  };
}

/** What goes with messages, where there is something. */
export function relatedParts({ referenced, users }: Related) {
  return {
    ...listPart("referenced", referenced.map(presentMessage)),
    ...listPart("users", users),
  };
}
