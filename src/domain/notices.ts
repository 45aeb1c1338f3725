/** What messages of the system say to people; what they say to programs is their type and data. */
import type { SystemData, SystemType } from "./message.ts";
import { nameInSentence } from "./name.ts";
import type { PublicUser } from "./user.ts";

/** Users whom a sentence names; the others are counted. */
const NAMED = 3;

/** A message of the system before it is sent. */
export interface Announcement {
  systemType: SystemType;
  /** The users whom it is about. */
  users: readonly PublicUser[];
  /** Without `users`. */
  data?: Omit<SystemData, "users">;
}

/** The sentence of a message of the system. */
export function sentenceOf(
  by: PublicUser,
  { systemType, users, data = {} }: Announcement,
): string {
  const name = nameInSentence(by.displayName);
  const whom = namesOf(users);
  switch (systemType) {
    case "room_created":
      // Of a direct room both are named.
      return isOf(by, users) ? `${name} created the room` : `${name} started the conversation`;
    case "room_updated":
      return `${name} ${changesOf(data)}`;
    case "room_deleted":
      return `${name} deleted the room`;
    case "member_added":
      return isOf(by, users) ? `${name} joined the room` : `${name} added ${whom}`;
    case "member_left":
      return `${name} left the room`;
    case "member_removed":
      return `${name} removed ${whom}`;
    case "member_role":
      return `${name} made ${whom} ${article(data.role)}`;
    case "member_banned":
      return `${name} banned ${whom}`;
    case "member_unbanned":
      return `${name} lifted the ban on ${whom}`;
    case "member_muted":
      return `${name} muted ${whom}`;
    case "member_unmuted":
      return `${name} unmuted ${whom}`;
  }
}

function isOf({ id }: PublicUser, [user, ...others]: readonly PublicUser[]): boolean {
  return user?.id === id && others.length === 0;
}

function namesOf(users: readonly PublicUser[]): string {
  const names = users.slice(0, NAMED).map(({ displayName }) => nameInSentence(displayName));
  const more = users.length - names.length;
  if (more > 0) return `${names.join(", ")} and ${more} more`;
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

function article(role: SystemData["role"]): string {
  return role === "owner" ? "an owner" : `a ${role ?? "member"}`;
}

function changesOf({ changes = {} }: Omit<SystemData, "users">): string {
  const { name, archived, slowModeSeconds, postPolicy, description } = changes;
  const parts = [
    name !== undefined && `renamed the room to ${name}`,
    archived !== undefined && (archived ? "archived the room" : "reopened the room"),
    slowModeSeconds !== undefined &&
    (slowModeSeconds > 0 ? `set slow mode to ${slowModeSeconds} s` : "ended slow mode"),
    postPolicy !== undefined &&
    (postPolicy === "moderators" ? "let only moderators write" : "let all members write"),
    description !== undefined && "changed the description",
  ].filter((part) => part !== false);
  return parts.length === 0 ? "changed the room's settings" : parts.join(", ");
}
