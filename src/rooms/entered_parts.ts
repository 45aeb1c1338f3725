/** What a socket that comes into a room is shown, as the JSON of the parts of a frame. */
import { relatedParts } from "./entry_frame.ts";
import type { Entered } from "./catch_up.ts";

/** What a socket that comes into a room is shown of it. */
export function enteredParts(
  { messages, related, lastSeq, lastEntryId }: Entered,
) {
  return {
    messages,
    ...relatedParts(related),
    mine: JSON.stringify(related.mine),
    threads: JSON.stringify(related.threads),
    lastSeq: String(lastSeq),
    lastEntryId: JSON.stringify(lastEntryId),
  };
}
