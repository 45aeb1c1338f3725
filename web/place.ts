/** What the part of an address after `#` names: a room or message, an invitation, or a search. */
import { decodeAddress } from "./decode_address.ts";

/** A place that an address names. */
export interface Place {
  /** A room's id or slug; `""` for none. */
  room: string;
  /** A message's id; `""` for none. */
  message: string;
  /** The code of an invitation; `""` for none. */
  invitation: string;
  /** The terms of a search, as a query with its `?`; `""` for none. */
  search: string;
}

const NOWHERE: Place = { room: "", message: "", invitation: "", search: "" };

/** Messages of a room that is called "Invite" have such ids, which no code is as long as. */
const MESSAGE_ID = /^[\dA-Z]{26}$/;

/** @param hash of an address, with its `#` */
export function placeOf(hash: string): Place {
  // Rooms have no such names: in theirs it is encoded.
  if (hash.startsWith("#/?")) return { ...NOWHERE, search: hash.slice(2) };
  const parts = hash.startsWith("#/") ? hash.slice(2).split("/").map(decodeAddress) : [];
  const [room = "", message = ""] = parts;
  const isInvitation = room === "invite" && message !== "" && !MESSAGE_ID.test(message);
  if (isInvitation) return { ...NOWHERE, invitation: message };
  return { ...NOWHERE, room, message };
}
