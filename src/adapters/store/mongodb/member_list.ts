/** The list of a room's members, in the order in which they joined. */
import type { Collection, Document } from "mongodb";
import type { Member } from "../../../domain/membership.ts";
import { hasWord, nameWords } from "../../../domain/name.ts";
import type { MemberCursor, MemberQuery } from "../../../ports/store/members.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import { IS_MEMBER, type MemberDocument, memberId } from "./member_documents.ts";
import { PUBLIC_FIELDS, toPublicUser, type UserDocument } from "./user_documents.ts";
import { namedBy } from "./name_words.ts";

/** So many people of a name are looked up in the room. */
const MAX_NAMED = 1_000;
/** Members whose names are read at once, where more people have the name: then many of them have. */
const MEMBERS_AT_ONCE = 500;

export class MemberList {
  readonly #members: Collection<MemberDocument>;
  readonly #users: Collection<UserDocument>;
  readonly #readOptions: ReadOptions;

  constructor(
    { members, users, readOptions }: Pick<Collections, "members" | "users" | "readOptions">,
  ) {
    this.#members = members;
    this.#users = users;
    this.#readOptions = readOptions;
  }

  async page(roomId: string, { name = "", ...query }: MemberQuery): Promise<Member[]> {
    const words = nameWords(name);
    if (words.length === 0) return await this.#read(roomId, query);
    const named = await this.#users
      .find(namedBy(words), { projection: { _id: 1 }, limit: MAX_NAMED + 1, ...this.#readOptions })
      .toArray();
    if (named.length > MAX_NAMED) return await this.#lookThrough(roomId, { name, ...query });
    return await this.#among(roomId, named.map(({ _id }) => _id), query);
  }

  /** With their users as they are now. */
  async withUsers(members: readonly MemberDocument[]): Promise<Member[]> {
    const ids = members.map(({ userId }) => userId);
    const users = await this.#users
      .find({ _id: { $in: ids } }, { projection: PUBLIC_FIELDS, ...this.#readOptions }).toArray();
    const byId = new Map(users.map((user) => [user._id, user]));
    return members.map((member) => toMember(member, byId.get(member.userId)));
  }

  async #read(roomId: string, { limit, after, role }: MemberQuery): Promise<Member[]> {
    const later = after
      ? {
        joinedAt: { $gte: after.joinedAt },
        $or: [{ joinedAt: { $gt: after.joinedAt } }, { userId: { $gt: after.userId } }],
      }
      : {};
    const members = await this.#members.aggregate<MemberDocument>([
      { $match: { roomId, ...later } },
      { $match: isListed(role) },
      { $sort: { joinedAt: 1, userId: 1 } },
      { $limit: limit },
    ], this.#readOptions).toArray();
    return await this.withUsers(members);
  }

  /** Those of these users who are members. */
  async #among(
    roomId: string,
    userIds: readonly string[],
    { limit, after, role }: MemberQuery,
  ): Promise<Member[]> {
    const ids = userIds.map((userId) => memberId(roomId, userId));
    const found = await this.#members
      .find({ _id: { $in: ids }, ...isListed(role) }, this.#readOptions).toArray();
    const page = found.filter((member) => !after || inOrder(after, member) < 0)
      .toSorted(inOrder).slice(0, limit);
    return await this.withUsers(page);
  }

  async #lookThrough(roomId: string, query: MemberQuery): Promise<Member[]> {
    const found: Member[] = [];
    const { name = "", limit, role } = query;
    let { after } = query;
    for (;;) {
      const members = await this.#read(roomId, { limit: MEMBERS_AT_ONCE, after, role });
      found.push(...members.filter(({ user }) => hasWord(user.displayName, name)));
      const last = members.at(-1);
      const isEnd = !last || members.length < MEMBERS_AT_ONCE;
      if (isEnd || found.length >= limit) return found.slice(0, limit);
      after = { joinedAt: last.joinedAt, userId: last.user.id };
    }
  }
}

function isListed(role: MemberQuery["role"]): Document {
  return role ? { role } : IS_MEMBER;
}

function inOrder(a: MemberCursor, b: MemberCursor): number {
  return +a.joinedAt - +b.joinedAt || (a.userId < b.userId ? -1 : a.userId > b.userId ? 1 : 0);
}

function toMember(
  { userId, role, joinedAt, mute = null }: MemberDocument,
  user: UserDocument | undefined,
): Member {
  return { user: toPublicUser(userId, user ? [user] : []), role: role!, joinedAt, mute };
}
