/** What the part of an address after `#` names: a room, maybe one of its messages, or an invitation. */
import { decodeAddress } from "./decode_address.ts";

/** A place that an address names. */
export interface Place {
  /** A room's id or slug; `""` for none. */
  room: string;
  /** A message's id; `""` for none. */
  message: string;
  /** The code of an invitation; `""` for none. */
  invitation: string;
}

/** Messages of a room that is called "Invite" have such ids, which no code is as long as. */
const MESSAGE_ID = /^[\dA-Z]{26}$/;

/** @param hash of an address, with its `#` */
export function placeOf(hash: string): Place {
  const parts = hash.startsWith("#/") ? hash.slice(2).split("/").map(decodeAddress) : [];
  const [room = "", message = ""] = parts;
  const isInvitation = room === "invite" && message !== "" && !MESSAGE_ID.test(message);
  if (isInvitation) return { room: "", message: "", invitation: message };
  return { room, message, invitation: "" };
}
