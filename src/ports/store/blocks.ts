/** The port of blocks: whom users want nothing from. */
import type { Block } from "../../domain/block.ts";

/** See {@linkcode Store} for the guarantees of every method. */
export interface BlockStore {
  /**
   * Blocks a user for another, or lifts that. Nothing changes if it was so already.
   * @returns whether it has changed
   */
  set(userId: string, blockedId: string, blocked: boolean): Promise<boolean>;
  /** Whom a user has blocked, by their ids. */
  list(userId: string, limit: number, afterId?: string): Promise<Block[]>;
  /** How many a user has blocked. */
  count(userId: string): Promise<number>;
  /** Those of these users who have blocked a user. */
  blockersOf(userId: string, userIds: readonly string[]): Promise<string[]>;
  /** Whether one of two users has blocked the other. */
  isBetween(userIds: readonly [string, string]): Promise<boolean>;
}
