/** The accounts' streams: what has changed of each account, in the order of its numbers. */
import type { Collection } from "mongodb";
import pLimit from "p-limit";
import { type AccountItem, PROFILE_KEY } from "../../../domain/account.ts";
import type { AccountPage, AccountStore } from "../../../ports/store/accounts.ts";
import { AccountMarks } from "./account_marks.ts";
import { AccountNumbers } from "./account_numbers.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import type { AccountItemDocument, BlockDocument } from "./account_documents.ts";
import { isHidden, type MemberDocument } from "./member_documents.ts";
import type { LogEnds } from "./log_ends.ts";
import type { Operations } from "./operations.ts";
import type { RoomChanges } from "./room_changes.ts";

/** Accounts that one run of repairs looks at; few at once, because nobody waits for them. */
const USERS_IN_A_RUN = 100;
const USERS_AT_ONCE = 2;
/** Accounts in one query. */
const POSITIONS_AT_ONCE = 100;

export class MongoAccounts implements AccountStore {
  readonly #items: Collection<AccountItemDocument>;
  readonly #members: Collection<MemberDocument>;
  readonly #blocks: Collection<BlockDocument>;
  readonly #roomChanges: RoomChanges;
  readonly #numbers: AccountNumbers;
  readonly #marks: AccountMarks;
  readonly #ends: LogEnds;
  readonly #readOptions: ReadOptions;
  readonly #operations: Operations;

  constructor(
    collections: Collections,
    roomChanges: RoomChanges,
    ends: LogEnds,
    operations: Operations,
  ) {
    const { accountItems, blocks, members, readOptions } = collections;
    this.#items = accountItems;
    this.#members = members;
    this.#blocks = blocks;
    this.#numbers = new AccountNumbers(collections);
    this.#marks = new AccountMarks(collections, this.#numbers);
    this.#roomChanges = roomChanges;
    this.#ends = ends;
    this.#readOptions = readOptions;
    this.#operations = operations;
  }

  settle(userId: string): Promise<boolean> {
    return this.#operations.run(() => this.#marks.settle(userId));
  }

  lastSeq(userId: string): Promise<number> {
    return this.#operations.run(async () => {
      // They leave marks.
      await this.#roomChanges.settleOf(userId);
      await this.#marks.settle(userId);
      return await this.#numbers.last(userId);
    });
  }

  itemsAfter(userId: string, after: number, limit: number): Promise<AccountPage> {
    return this.#operations.run(async () => {
      const found = await this.#items
        .find({ userId, seq: { $gt: after }, replacedAt: { $exists: false } }, this.#readOptions)
        .sort({ seq: 1 })
        .limit(limit + 1)
        .toArray();
      const page = found.slice(0, limit);
      return {
        items: await this.#toItems(userId, page),
        lastSeq: page.at(-1)?.seq ?? after,
        hasMore: found.length > limit,
      };
    });
  }

  changedAfter(seqs: ReadonlyMap<string, number>): Promise<string[]> {
    return this.#operations.run(async () => {
      const positions = Array.from(seqs, ([userId, seq]) => ({ userId, seq: { $gt: seq } }));
      const changed = new Set<string>();
      for (let i = 0; i < positions.length; i += POSITIONS_AT_ONCE) {
        const found = await this.#items.find(
          { $or: positions.slice(i, i + POSITIONS_AT_ONCE) },
          { projection: { userId: 1 }, ...this.#readOptions },
        ).toArray();
        for (const { userId } of found) changed.add(userId);
      }
      return [...changed];
    });
  }

  /**
   * Gives numbers to what instances that died have left without.
   * @throws ChatError `unavailable`
   */
  async repair(): Promise<void> {
    const userIds = await this.#operations.run(() => this.#marks.users(USERS_IN_A_RUN));
    await pLimit(USERS_AT_ONCE).map(userIds, (userId) => this.settle(userId));
  }

  /** The database may have become another, as after a fail-over or a restored backup. */
  forget(): void {
    this.#numbers.forget();
  }

  /** The items as they are now. */
  async #toItems(
    userId: string,
    documents: readonly AccountItemDocument[],
  ): Promise<AccountItem[]> {
    const roomIds = new Set(documents.map(({ key }) => subjectOf(key)));
    const members = await this.#members
      .find({ userId, roomId: { $in: [...roomIds] } }, this.#readOptions)
      .toArray();
    const blocks = await this.#blocks
      .find({ userId, blockedId: { $in: [...roomIds] }, isOn: true }, this.#readOptions)
      .toArray();
    const byRoom = new Map(members.map((member) => [member.roomId, member]));
    const hidden = members.flatMap(({ roomId, hiddenN }) => hiddenN == null ? [] : [roomId]);
    const ends = await this.#ends.findAll(hidden);
    const state = {
      blocked: new Set(blocks.map(({ blockedId }) => blockedId)),
      lastN: new Map(hidden.map((roomId, i) => [roomId, ends[i]!.n])),
    };
    return documents.flatMap((document) => {
      return toItem(document, byRoom.get(subjectOf(document.key)), state) ?? [];
    });
  }
}

function subjectOf(key: string): string {
  return key.slice(key.indexOf(":") + 1);
}

function toItem(
  { seq, key }: AccountItemDocument,
  member: MemberDocument | undefined,
  { blocked, lastN }: { blocked: ReadonlySet<string>; lastN: ReadonlyMap<string, number> },
): AccountItem | null {
  const [type] = key.split(":");
  const subject = subjectOf(key);
  const role = member?.role ?? null;
  switch (type) {
    case "room":
      if (member && role) {
        const { readSeq, notifications = "all" } = member;
        const hidden = isHidden(member, lastN.get(subject) ?? 0);
        return { seq, type, roomId: subject, membership: { role, readSeq, notifications, hidden } };
      }
      return { seq, type: "room_removed", roomId: subject, reason: member?.removal ?? "left" };
    case "read":
      return member && role ? { seq, type, roomId: subject, readSeq: member.readSeq } : null;
    case "block":
      return { seq, type, userId: subject, blocked: blocked.has(subject) };
    case PROFILE_KEY:
      return { seq, type: "profile" };
    default:
      return null;
  }
}
