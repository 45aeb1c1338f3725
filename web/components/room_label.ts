/** A room's name with the sign of its kind: a hash, a lock, or the avatar of the other person. */
import { html } from "htm/preact";
import type { RoomInfo } from "../../src/client/mod.ts";
import { nameOfRoom, otherOf } from "../rooms/room_name.ts";
import { Avatar } from "./avatar.ts";
import { Icon } from "./icon.ts";

interface RoomLabelProps {
  room: Pick<RoomInfo, "type" | "name" | "members">;
  ownId: string | undefined;
}

export function RoomLabel({ room, ownId }: RoomLabelProps) {
  const other = otherOf(room, ownId);
  return html`
    <span class="room-label ${room.type}">
      ${other && html`<${Avatar} user=${other} />`}
      ${room.type === "private" && html`
        <${Icon} name="lock" /><span class="unseen">Private room: </span>
      `}
      <span>${nameOfRoom(room, ownId)}</span>
    </span>
  `;
}
