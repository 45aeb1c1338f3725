/** Creates rooms: public and private ones, and the direct room of two. */
import type { Actor } from "../../domain/actor.ts";
import type { CreatedDraft } from "../../domain/entry.ts";
import { ChatError, unavailable, userNotFound } from "../../domain/errors.ts";
import { newId } from "../../domain/id.ts";
import { type NewRoom, OPEN_SETTINGS, type Room, type RoomSettings } from "../../domain/room.ts";
import { type PublicUser, publicUser } from "../../domain/user.ts";
import { slugOf } from "../../services/room_slugs.ts";
import { getUser } from "../accounts/get_user.ts";
import type { Dependencies } from "../dependencies.ts";
import { noticeOf } from "./notice.ts";

type CreateDependencies = Pick<Dependencies, "accountLog" | "slugs" | "store">;

/** What a room begins with. */
export interface RoomInput extends Partial<Omit<RoomSettings, "type" | "archivedAt">> {
  type?: "public" | "private";
  name: string;
  description: string | null;
  /** The ids of the other members. */
  members?: readonly string[];
}

/**
 * Creates a room with a unique slug. Entry 1 of its log names its creator, who is its owner; the next
 * one the other members, if there are any.
 * @param input checked and cleaned by the protocol's `RoomCreation`
 * @throws ChatError `unauthenticated` if the account no longer exists; `not_found` if a member does
 *   not exist; `forbidden` if one has blocked the creator; `unavailable`
 */
export async function createRoom(
  actor: Actor,
  dependencies: CreateDependencies,
  { members = [], ...input }: RoomInput,
): Promise<Room> {
  const { slugs, store } = dependencies;
  const creator = publicUser(await getUser(actor, { store }));
  const ids = new Set(members).difference(new Set([creator.id]));
  const added = await findAddable(creator, dependencies, [...ids]);
  const now = new Date();
  const opening = [noticeOf(creator, { systemType: "room_created", users: [creator] }, now)];
  if (added.length > 0) {
    const data = { role: "member" } as const;
    opening.push(noticeOf(creator, { systemType: "member_added", users: added, data }, now));
  }
  const memberCount = 1 + added.length;
  const room = { ...OPEN_SETTINGS, ...input, ...begun(creator, now), memberCount };
  const create = (slug: string) => store.rooms.create({ ...room, slug }, opening);
  const slug = room.type === "public"
    ? await slugs.claim(slugOf(room.name), create)
    : hiddenSlug(room.id);
  if (room.type !== "public" && !await create(slug)) throw unavailable("Try again.");
  return createdRoom(dependencies, { ...room, slug }, opening, [creator, ...added]);
}

/**
 * The direct room of the actor and another user, which there is one of.
 * @returns the room, and whether this has created it
 * @throws ChatError `unauthenticated` if the account no longer exists; `not_found` if the other does
 *   not exist; `validation_failed` for oneself; `forbidden` if one of the two has blocked the
 *   other; `unavailable`
 */
export async function createDirect(
  actor: Actor,
  dependencies: CreateDependencies,
  userId: string,
): Promise<{ room: Room; isNew: boolean }> {
  if (userId === actor.userId) throw oneself();
  const { store } = dependencies;
  const creator = publicUser(await getUser(actor, { store }));
  const [other] = await store.users.findPublic([userId]);
  if (!other) throw userNotFound();
  const pair = [creator.id, other.id] as const;
  if (await store.blocks.isBetween(pair)) throw blocked();
  const existing = await store.rooms.findDirect(pair);
  if (existing) return { room: existing, isNew: false };
  const now = new Date();
  const members = [creator, other].toSorted((a, b) => a.id < b.id ? -1 : 1);
  const settings = { ...OPEN_SETTINGS, type: "direct", name: "", description: null } as const;
  const room = { ...settings, ...begun(creator, now), memberCount: 2, members };
  const opening = [noticeOf(creator, { systemType: "room_created", users: members }, now)];
  const slug = hiddenSlug(room.id);
  if (await store.rooms.create({ ...room, slug }, opening)) {
    return { room: createdRoom(dependencies, { ...room, slug }, opening, members), isNew: true };
  }
  // The other user, or another device, was first.
  const created = await store.rooms.findDirect(pair);
  if (!created) throw unavailable("Try again.");
  return { room: created, isNew: false };
}

/** What every new room has. */
function begun(createdBy: PublicUser, now: Date) {
  return { id: newId(), createdBy, createdAt: now, updatedAt: now };
}

/** Of rooms that are not public: no slug tells of them. */
function hiddenSlug(id: string): string {
  return id.toLowerCase();
}

function createdRoom(
  { accountLog }: CreateDependencies,
  room: NewRoom,
  opening: readonly CreatedDraft[],
  members: readonly PublicUser[],
): Room {
  accountLog.changed(members.map(({ id }) => id));
  return { ...room, lastSeq: opening.length, lastMessageAt: room.createdAt };
}

/**
 * These users, whom the actor may add to a room, in their order.
 * @throws ChatError `not_found`, `forbidden`
 */
async function findAddable(
  { id }: PublicUser,
  { store }: CreateDependencies,
  userIds: readonly string[],
): Promise<PublicUser[]> {
  if (userIds.length === 0) return [];
  const users = await store.users.findPublic(userIds);
  if (users.length < userIds.length) throw userNotFound();
  if ((await store.blocks.blockersOf(id, userIds)).length > 0) throw blocked();
  const byId = new Map(users.map((user) => [user.id, user]));
  return userIds.map((userId) => byId.get(userId)!);
}

/** It does not say who has blocked whom. */
function blocked(): ChatError {
  return new ChatError("forbidden", "You may not write to this user.");
}

function oneself(): ChatError {
  return new ChatError("validation_failed", "A direct room is of two users.", {
    faults: [{ path: "userId", message: "must be another user's" }],
  });
}
