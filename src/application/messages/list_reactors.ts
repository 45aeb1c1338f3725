/** Lists who has put an emoji on a message, page by page. */
import type { Actor } from "../../domain/actor.ts";
import { messageNotFound } from "../../domain/errors.ts";
import type { PublicUser } from "../../domain/user.ts";
import type { ReactorCursor } from "../../ports/store/messages.ts";
import { decodeCursor, invalidCursor, pageOf } from "../../services/cursors.ts";
import type { Dependencies } from "../dependencies.ts";

export interface ReactorsRequest {
  messageId: string;
  emoji: string;
  /** 1 to 100. */
  limit: number;
  /** `nextCursor` of the page before. */
  cursor?: string | undefined;
}

/**
 * The users in the order in which they reacted.
 * @throws ChatError `validation_failed` for an invalid cursor, `room_not_found`, `message_not_found`
 */
export async function listReactors(
  actor: Actor,
  { access, store: { messages } }: Pick<Dependencies, "access" | "store">,
  idOrSlug: string,
  { messageId, emoji, limit, cursor }: ReactorsRequest,
): Promise<{ users: PublicUser[]; nextCursor: string | null }> {
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const room = await access.find(actor, idOrSlug);
  const { roomId } = room;
  if (await messages.position(roomId, messageId) === null) throw messageNotFound();
  const found = await messages.reactors(roomId, messageId, emoji, limit + 1, after);
  await access.confirm(actor, room);
  const { items, nextCursor } = pageOf(found, limit, ({ seq, user }) => [seq, user.id]);
  return { users: items.map(({ user }) => user), nextCursor };
}

function readCursor(cursor: string): ReactorCursor {
  const [seq, userId] = decodeCursor(cursor);
  if (Number.isSafeInteger(seq) && typeof userId === "string") {
    return { seq: seq as number, userId };
  }
  throw invalidCursor();
}
