/** Lists a room's members, and those who are banned or muted. */
import type { Actor } from "../../domain/actor.ts";
import type { Member, Restricted, Role } from "../../domain/membership.ts";
import { userNotFound } from "../../domain/errors.ts";
import type { MemberCursor } from "../../ports/store/members.ts";
import {
  decodeCursor,
  decodeId,
  invalidCursor,
  type Page,
  pageOf,
  timeIn,
} from "../../services/cursors.ts";
import { requireCapability } from "../../services/room_access.ts";
import type { Dependencies } from "../dependencies.ts";

type ListDependencies = Pick<Dependencies, "access" | "store">;

export interface MembersRequest {
  /** 1 to 100. */
  limit: number;
  /** `nextCursor` of the page before. */
  cursor?: string | undefined;
  role?: Role | undefined;
  /** The beginning of a word of the name. */
  q?: string | undefined;
}

/**
 * Lists members in the order in which they joined.
 * @throws ChatError `room_not_found`, `forbidden` if the actor is banned; `validation_failed` for an
 *   invalid cursor
 */
export async function listMembers(
  actor: Actor,
  { access, store }: ListDependencies,
  room: string,
  { limit, cursor, role, q }: MembersRequest,
): Promise<Page<Member>> {
  const found = await access.find(actor, room);
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const query = { limit: limit + 1, after, role, name: q };
  const members = await store.members.list(found.roomId, query);
  await access.confirm(actor, found);
  return pageOf(members, limit, ({ joinedAt, user }) => [joinedAt.getTime(), user.id]);
}

/**
 * Finds one member.
 * @throws ChatError `room_not_found`; `not_found` if they are no member
 */
export async function getMember(
  actor: Actor,
  { access, store }: ListDependencies,
  room: string,
  userId: string,
): Promise<Member> {
  const found = await access.find(actor, room);
  const member = await store.members.get(found.roomId, userId);
  await access.confirm(actor, found);
  if (!member) throw userNotFound();
  return member;
}

/**
 * Lists who is banned or muted now, by the ids of the users.
 * @throws ChatError as `listMembers`; `forbidden`
 */
export async function listRestricted(
  actor: Actor,
  { access, store }: ListDependencies,
  room: string,
  kind: "ban" | "mute",
  { limit, cursor }: Pick<MembersRequest, "limit" | "cursor">,
): Promise<Page<Restricted>> {
  const found = await access.find(actor, room);
  const after = decodeId(cursor);
  const all = await store.members.restricted(found.roomId, kind, { limit: limit + 1, after });
  requireCapability(await access.confirm(actor, found), "member.ban");
  return pageOf(all, limit, ({ user }) => [user.id]);
}

function readCursor(cursor: string): MemberCursor {
  const [time, userId] = decodeCursor(cursor);
  if (typeof userId !== "string") throw invalidCursor();
  return { joinedAt: timeIn(time), userId };
}
