/** What the user may do in a room that needs more than one thing of it. */
import type { ChatMessage } from "../../src/client/mod.ts";
import { signalOf } from "../observed.ts";
import type { OpenRoom } from "./open_room.ts";

/** Whether the user can become a member: of a public room whose members may write. */
export function mayJoin({ room, hasAddress, isMember }: OpenRoom): boolean {
  const info = signalOf(room.info).value;
  const isInUse = info?.type === "public" && info.archivedAt === null;
  return hasAddress && isInUse && isMember === false;
}

/** Whether the user may send files, if only by becoming a member first. */
export function mayAttach(open: OpenRoom): boolean {
  return open.may("file.upload") || mayJoin(open) && open.may("message.send");
}

/** Whether the user is a member who can leave: of direct rooms the members never change. */
export function mayLeave({ room, isMember }: OpenRoom): boolean {
  return isMember === true && typeOf(room) !== "direct";
}

/** Whether the user may bring others, if only by the link of a public room. */
export function mayInvite(open: OpenRoom): boolean {
  const isPublic = typeOf(open.room) === "public";
  return open.hasAddress && (isPublic || open.may("member.invite"));
}

/** Whether a message can be reported: in direct rooms nobody would read that. */
export function mayReport(open: OpenRoom, { sender, system }: ChatMessage): boolean {
  const isOther = !system && sender.id !== open.userId;
  return open.hasAddress && isOther && typeOf(open.room) !== "direct";
}

function typeOf({ info }: OpenRoom["room"]) {
  return signalOf(info).value?.type;
}
