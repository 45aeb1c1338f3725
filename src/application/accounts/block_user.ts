/** Blocks users: they cannot write to one in a direct room, nor add one to a room. */
import type { Actor } from "../../domain/actor.ts";
import { type Block, MAX_BLOCKS } from "../../domain/block.ts";
import { ChatError, userNotFound } from "../../domain/errors.ts";
import { decodeId, pageOf } from "../../services/cursors.ts";
import type { Services } from "../../services/services.ts";

type BlockServices = Pick<Services, "accountLog" | "store">;

/**
 * Blocks a user; nothing changes if they are blocked already.
 * @throws ChatError `not_found` if there is no such user, `validation_failed` for oneself,
 *   `limit_reached`
 */
export async function blockUser(
  { userId }: Actor,
  { accountLog, store }: BlockServices,
  blockedId: string,
): Promise<void> {
  if (blockedId === userId) throw oneself();
  if ((await store.users.findPublic([blockedId])).length === 0) throw userNotFound();
  const isFull = await store.blocks.count(userId) >= MAX_BLOCKS;
  if (isFull && (await store.blocks.blockersOf(blockedId, [userId])).length === 0) {
    throw new ChatError("limit_reached", `You may block ${MAX_BLOCKS} users.`);
  }
  if (await store.blocks.set(userId, blockedId, true)) accountLog.changed([userId]);
}

/** Lifts a block, if there is one. */
export async function unblockUser(
  { userId }: Actor,
  { accountLog, store }: BlockServices,
  blockedId: string,
): Promise<void> {
  if (await store.blocks.set(userId, blockedId, false)) accountLog.changed([userId]);
}

/**
 * Whom the actor has blocked, by their ids.
 * @param cursor `nextCursor` of the page before
 * @throws ChatError `validation_failed` for an invalid cursor
 */
export async function listBlocks(
  { userId }: Actor,
  { store }: Pick<Services, "store">,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<{ blocks: Block[]; nextCursor: string | null }> {
  const found = await store.blocks.list(userId, limit + 1, decodeId(cursor));
  const { items, nextCursor } = pageOf(found, limit, ({ user }) => [user.id]);
  return { blocks: items, nextCursor };
}

function oneself(): ChatError {
  return new ChatError("validation_failed", "Nobody blocks themselves.", {
    faults: [{ path: "userId", message: "must be another user's" }],
  });
}
