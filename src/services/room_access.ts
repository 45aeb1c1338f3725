/** What an actor may do in a room that they may read, and why not what they may not. */
import type { Actor } from "../domain/actor.ts";
import { ChatError, type ErrorCode, roomNotFound } from "../domain/errors.ts";
import { capabilitiesOf, type Capability } from "../domain/permissions.ts";
import type { Place } from "./standings.ts";

/** What an actor may do, by what decides it; `capabilitiesOf` but in tests. */
export type Table = typeof capabilitiesOf;

/** A room that an actor may know of, and what they may do in it: nothing if they are banned. */
export interface RoomAccess extends Place {
  roomId: string;
  capabilities: ReadonlySet<Capability>;
  /** Of whom, and by which table: what a refusal is explained by. */
  actor: Pick<Actor, "isAdmin">;
  table: Table;
  /** Whether it was read from the store when it was asked for. */
  isRead?: true;
}

/**
 * What an actor may do in a room that they may read.
 * @throws ChatError `room_not_found` if the actor may not know of it, `forbidden` if they are banned
 */
export function accessTo(
  actor: Pick<Actor, "isAdmin">,
  roomId: string,
  place: Place,
  table: Table = capabilitiesOf,
): RoomAccess {
  return requireRead(viewOf(actor, roomId, place, table));
}

/**
 * What an actor may do in a room that they may know of, banned from it or not.
 * @throws ChatError `room_not_found` if they may not
 */
export function viewOf(
  actor: Pick<Actor, "isAdmin">,
  roomId: string,
  place: Place,
  table: Table = capabilitiesOf,
): RoomAccess {
  const { rules, standing } = place;
  const capabilities = table(actor, rules, standing, new Date());
  if (!mayKnowOf(place, capabilities)) throw roomNotFound();
  return { roomId, rules, standing, capabilities, actor, table };
}

/** @throws ChatError `forbidden` if the actor is banned */
export function requireRead(access: RoomAccess): RoomAccess {
  if (access.capabilities.has("room.read")) return access;
  throw new ChatError("forbidden", "You are banned from this room.");
}

/** Whether who may do this in a room may know of it: they may read it, or are banned from a public one. */
export function mayKnowOf(
  { rules: { type, isDeleted }, standing }: Place,
  capabilities: ReadonlySet<Capability>,
): boolean {
  if (capabilities.has("room.read")) return true;
  return type === "public" && !isDeleted && standing.ban !== null;
}

/**
 * Slow mode counts what was sent since it was set; moderators do not wait.
 * @throws ChatError `slow_mode`
 */
export function requirePause({ capabilities, rules, standing }: RoomAccess, now: Date): void {
  const { slowMode } = rules;
  const { lastSend } = standing;
  if (!slowMode || !lastSend || capabilities.has("room.slow_mode")) return;
  const retryAfter = slowMode.seconds - (now.getTime() - lastSend.at.getTime()) / 1_000;
  if (lastSend.seq < slowMode.since || retryAfter <= 0) return;
  throw new ChatError("slow_mode", "The room is in slow mode: wait before you send again.", {
    retryAfter: Math.ceil(retryAfter),
  });
}

/** @throws ChatError `forbidden`, `room_archived`, `muted` */
export function requireCapability(access: RoomAccess, capability: Capability): void {
  if (!access.capabilities.has(capability)) throw refusalOf(access, capability);
}

/** Refusals by how long they hold, the longest first. */
const REFUSALS: readonly ErrorCode[] = ["forbidden", "room_archived", "muted"];

/**
 * For what needs several: of refusals the one that holds longest.
 * @throws ChatError as `requireCapability`
 */
export function requireCapabilities(access: RoomAccess, needed: readonly Capability[]): void {
  const missing = needed.filter((each) => !access.capabilities.has(each));
  if (missing.length === 0) return;
  const refusals = missing.map((each) => refusalOf(access, each));
  throw REFUSALS.flatMap((code) => refusals.find((refusal) => refusal.code === code) ?? [])[0];
}

/** The actor may not do this. */
export function forbidden(): ChatError {
  return new ChatError("forbidden", "You may not do this in this room.");
}

/** What would hold at another time as well comes first. */
function refusalOf(
  { actor, rules, standing, table }: RoomAccess,
  capability: Capability,
): ChatError {
  const now = new Date();
  const unmuted = { ...standing, mute: null };
  const open = table(actor, { ...rules, archivedAt: null }, unmuted, now);
  if (!open.has(capability)) return forbidden();
  if (!table(actor, rules, unmuted, now).has(capability)) {
    return new ChatError("room_archived", "The room is archived.");
  }
  const until = standing.mute?.until;
  const retryAfter = until && Math.ceil((until.getTime() - now.getTime()) / 1_000);
  return new ChatError("muted", "You are muted in this room.", retryAfter ? { retryAfter } : {});
}
