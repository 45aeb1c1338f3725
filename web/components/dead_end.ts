/** Shown instead of a room that the user cannot read: why, and a link back. */
import { html } from "htm/preact";
import { signalOf } from "../observed.ts";
import { type OwnBan, ownBanIn } from "../people/own_ban.ts";
import { describeEnd } from "../people/periods.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { nameOfRoom } from "../rooms/room_name.ts";

interface Refusal {
  title: string;
  text: string;
  /** As a moderator gave it; `""` for none. */
  reason?: string;
}

export function DeadEnd({ open }: { open: OpenRoom }) {
  const { title, text, reason } = describeRefusal(open);
  return html`
    <section class="room missing" aria-label="Room">
      <div class="dead-end" role="status">
        <h2>${title}</h2>
        <p>${text}</p>
        ${reason && html`<p>The reason: <q dir="auto">${reason}</q></p>`}
        ${open.back && html`<a class="button" href=${open.back}>Go to the rooms</a>`}
      </div>
    </section>
  `;
}

function describeRefusal({ room, messages, userId = "" }: OpenRoom): Refusal {
  const state = signalOf(room.state).value;
  const info = signalOf(room.info).value;
  const name = info ? nameOfRoom(info, userId) : "this room";
  const ban = ownBanIn(messages.value, userId);
  const isForbidden = state.status === "failed" && state.error.code === "forbidden";
  if (ban || isForbidden) {
    return {
      title: `You are banned from ${name}`,
      text: describeBan(ban),
      reason: ban?.reason ?? "",
    };
  }
  if (info === null) {
    return {
      title: "There is no such room",
      text: "The link may be mistyped, or the room is gone.",
    };
  }
  return {
    title: `You cannot read ${name} any more`,
    text: "It was deleted, or you were removed from it.",
  };
}

/** @param ban null if the user has not seen its entry */
function describeBan(ban: OwnBan | null): string {
  if (!ban) {
    return "You can read and write here again when a moderator lifts the ban, or when it ends.";
  }
  const end = describeEnd(ban.until);
  if (!end) return "You can read and write here again when a moderator lifts the ban.";
  return `You cannot read or write here${end}, unless a moderator lifts the ban before.`;
}
