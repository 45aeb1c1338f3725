/** What an actor may do in a room: the one table. */
import type { Actor } from "./actor.ts";
import { type Role, ROLES, type Standing } from "./membership.ts";
import { isInForce } from "./restriction.ts";
import type { RoomRules } from "./room.ts";

/**
 * The lowest role that may do each thing; `others` are no members, in public rooms only.
 * `capabilitiesOf` applies the exceptions.
 */
const LOWEST = {
  /** Without it a room does not exist for the actor, or they are banned. */
  "room.read": "others",
  "message.send": "others",
  "message.react": "others",
  "message.edit_own": "member",
  "message.delete_own": "member",
  "file.upload": "member",
  "message.mention_room": "moderator",
  "message.pin": "moderator",
  "message.delete_any": "moderator",
  "member.invite": "moderator",
  "member.add": "moderator",
  "member.remove": "moderator",
  "member.ban": "moderator",
  "member.mute": "moderator",
  "room.slow_mode": "moderator",
  "report.read": "moderator",
  "room.update": "owner",
  "room.archive": "owner",
  "member.role": "owner",
  "audit.read": "owner",
  "room.delete": "owner",
} as const satisfies Record<string, Role | "others">;

export type Capability = keyof typeof LOWEST;

/** All of them, in the order of the table. */
export const CAPABILITIES = Object.keys(LOWEST) as readonly Capability[];

/** What decides, whoever the actor is. */
interface Place {
  type: RoomRules["type"];
  /** What an actor counts as: admins are owners in public rooms. */
  role: Role | null;
  isMuted: boolean;
  isArchived: boolean;
  /** Whether only moderators and owners send. */
  isModerated: boolean;
  isBlocked: boolean;
}

const TYPES: readonly RoomRules["type"][] = ["public", "private", "direct"];
const NOTHING: ReadonlySet<Capability> = new Set();
/** There are a few hundred different places, so that a set is made once for each, by its number. */
const made: ReadonlySet<Capability>[] = [];

/**
 * What `actor` may do in a room, as the table says with its notes: nothing if they may not read it.
 */
export function capabilitiesOf(
  actor: Pick<Actor, "isAdmin">,
  rules: RoomRules,
  standing: Standing,
  now: Date,
): ReadonlySet<Capability> {
  const { type, postPolicy, archivedAt, isDeleted } = rules;
  if (isDeleted || isInForce(standing.ban, now)) return NOTHING;
  const role = roleOf(actor, rules, standing);
  if (role === null && type !== "public") return NOTHING;
  const isMuted = standing.mute !== null && isInForce(standing.mute, now);
  const isArchived = archivedAt !== null;
  const isModerated = postPolicy === "moderators";
  const { isBlocked = false } = standing;
  const flags = Number(isMuted) + 2 * Number(isArchived) + 4 * Number(isModerated) +
    8 * Number(isBlocked);
  const number = (TYPES.indexOf(type) * (ROLES.length + 1) + rank(role) + 1) * 16 + flags;
  const known = made[number];
  if (known) return known;
  const place = { type, role, isMuted, isArchived, isModerated, isBlocked };
  const capabilities = new Set(CAPABILITIES.filter((each) => isAllowed(each, place)));
  made[number] = capabilities;
  return capabilities;
}

function isAllowed(capability: Capability, place: Place): boolean {
  switch (capability) {
    case "message.send":
      if (place.isModerated && rank(place.role) < rank("moderator")) return false;
      return !place.isMuted && !place.isArchived && !place.isBlocked;
    case "message.react":
      return !place.isMuted && !place.isArchived && !place.isBlocked;
    // The muted may still delete what they said.
    case "message.edit_own":
    case "file.upload":
      return place.role !== null && !place.isMuted;
    case "message.pin":
      return rank(place.role) >= rank(place.type === "direct" ? "member" : "moderator");
    case "member.invite":
      return rank(place.role) >= rank(place.type === "public" ? "member" : "moderator");
    default:
      return rank(place.role) >= rank(LOWEST[capability]);
  }
}

/** What an actor counts as: admins are owners in public rooms. */
export function roleOf(
  { isAdmin = false }: Pick<Actor, "isAdmin">,
  { type }: Pick<RoomRules, "type">,
  { role }: Pick<Standing, "role">,
): Role | null {
  return isAdmin && type === "public" ? "owner" : role;
}

/** Whether a role is above another; owners may act on owners too. */
export function mayActOn(role: Role | null, other: Role | null): boolean {
  return rank(other) < rank(role) || (role === "owner" && other === "owner");
}

function rank(role: Role | "others" | null): number {
  return role === null || role === "others" ? -1 : ROLES.indexOf(role);
}
