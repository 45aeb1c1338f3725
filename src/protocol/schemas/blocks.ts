/** Blocks: whom one wants nothing from. */
import { z } from "zod";
import type { Block as DomainBlock } from "../../domain/block.ts";
import { publicUser } from "../../domain/user.ts";
import type * as wire from "../wire/blocks.ts";
import { Limit, PageCursor, Time } from "./fields.ts";
import { PublicUser } from "./users.ts";

export const Block = z.object({ user: PublicUser, createdAt: Time })
  .meta({ id: "Block" }) satisfies z.ZodType<wire.Block>;

export const BlocksQuery = z.object({ limit: Limit, cursor: PageCursor.optional() });

export const BlocksPage = z.object({
  blocks: z.array(Block),
  nextCursor: z.string().nullable(),
}) satisfies z.ZodType<wire.BlocksPage>;

export function presentBlock({ user, createdAt }: DomainBlock): wire.Block {
  return { user: publicUser(user), createdAt: createdAt.toISOString() };
}
