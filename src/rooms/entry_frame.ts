/** An entry as the frame in which it goes to the sockets in its room. */
import type { EmojiUse, Entry } from "../domain/entry.ts";
import { publicUser } from "../domain/user.ts";
import { frameOf, listPart } from "../protocol/frames.ts";
import type { MessageChange } from "../protocol/wire/messages.ts";
import { listOf, type RenderedRelated } from "./rendered_message.ts";

/**
 * @param roomId in JSON
 * @param message the entry's, as it is then or later, in JSON
 */
export function entryFrame(
  entry: Entry,
  { roomId, message, related }: { roomId: string; message: string; related: RenderedRelated },
): string {
  const parts = {
    roomId,
    seq: String(entry.seq),
    entryId: JSON.stringify(entry.id),
    message,
    ...relatedParts(related),
  };
  switch (entry.kind) {
    case "created":
      return frameOf("message:new", parts);
    case "deleted": {
      const messageId = JSON.stringify(entry.message.id);
      const by = JSON.stringify(publicUser(entry.by));
      return frameOf("message:deleted", { ...parts, messageId, by });
    }
    default:
      return frameOf("message:updated", { ...parts, change: JSON.stringify(changeOf(entry)) });
  }
}

/** What goes with messages, where there is something. */
export function relatedParts({ referenced, users }: RenderedRelated) {
  return {
    ...(referenced.length > 0 && { referenced: listOf(referenced) }),
    ...listPart("users", users),
  };
}

function changeOf(entry: Exclude<Entry, { kind: "created" | "deleted" }>): MessageChange {
  if (entry.kind !== "reacted") return { type: entry.kind, by: publicUser(entry.by) };
  const { added, removed } = entry;
  return { type: "reactions", added: added.map(presentUse), removed: removed.map(presentUse) };
}

function presentUse({ emoji, user }: EmojiUse): EmojiUse {
  return { emoji, user: publicUser(user) };
}
