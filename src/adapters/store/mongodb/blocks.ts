/** Blocks, in a collection of their own. */
import type { Collection } from "mongodb";
import type { Block } from "../../../domain/block.ts";
import { newId } from "../../../domain/id.ts";
import type { BlockStore } from "../../../ports/store/blocks.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import { type BlockDocument, blockId, markOf } from "./account_documents.ts";
import { lookUpUser, type PublicUserDocument, toPublicUser } from "./user_documents.ts";
import { isDuplicateKey } from "./errors.ts";
import type { Operations } from "./operations.ts";

export class MongoBlocks implements BlockStore {
  readonly #blocks: Collection<BlockDocument>;
  readonly #readOptions: ReadOptions;
  readonly #operations: Operations;

  constructor({ blocks, readOptions }: Collections, operations: Operations) {
    this.#blocks = blocks;
    this.#readOptions = readOptions;
    this.#operations = operations;
  }

  set(userId: string, blockedId: string, blocked: boolean): Promise<boolean> {
    const _id = blockId(userId, blockedId);
    return this.#operations.run(async () => {
      const mark = markOf(userId, "block", newId());
      const changed = { isOn: blocked, createdAt: new Date() };
      const { modifiedCount } = await this.#blocks.updateOne(
        { _id, isOn: !blocked },
        { $set: changed, $addToSet: { pending: mark } },
      );
      if (modifiedCount > 0 || !blocked) return modifiedCount > 0;
      try {
        await this.#blocks.insertOne({ _id, userId, blockedId, ...changed, pending: [mark] });
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw error;
      }
    });
  }

  list(userId: string, limit: number, afterId = ""): Promise<Block[]> {
    return this.#operations.run(async () => {
      const blocks = await this.#blocks.aggregate<BlockDocument & { users: PublicUserDocument[] }>([
        { $match: { userId, blockedId: { $gt: afterId } } },
        { $match: { isOn: true } },
        { $sort: { blockedId: 1 } },
        { $limit: limit },
        lookUpUser("blockedId", "users"),
      ], this.#readOptions).toArray();
      return blocks.map(({ blockedId, users, createdAt }) => {
        return { user: toPublicUser(blockedId, users), createdAt };
      });
    });
  }

  count(userId: string): Promise<number> {
    return this.#operations.run(() => this.#blocks.countDocuments({ userId, isOn: true }));
  }

  blockersOf(userId: string, userIds: readonly string[]): Promise<string[]> {
    return this.#operations.run(async () => {
      const ids = userIds.map((id) => blockId(id, userId));
      const blocks = await this.#blocks
        .find({ _id: { $in: ids }, isOn: true }, this.#readOptions)
        .toArray();
      return blocks.map((block) => block.userId);
    });
  }

  isBetween([one, other]: readonly [string, string]): Promise<boolean> {
    return this.#operations.run(async () => {
      const ids = [blockId(one, other), blockId(other, one)];
      return await this.#blocks.findOne({ _id: { $in: ids }, isOn: true }) !== null;
    });
  }
}
