/** One room: its header, the messages, the input, and who is there. */
import { html } from "htm/preact";
import { signalOf } from "../observed.ts";
import { isMissing, type OpenRoom } from "../open_room.ts";
import { nameOfRoom } from "../room_name.ts";
import { Composer } from "./composer.ts";
import { Icon } from "./icon.ts";
import { Menu, type MenuItem } from "./menu.ts";
import { MessageList } from "./message_list.ts";
import { People } from "./people.ts";
import { RoomDialogs } from "./room_dialogs.ts";
import { SidePane } from "./side_pane.ts";
import { Typing } from "./typing.ts";

export function RoomView({ open }: { open: OpenRoom }) {
  const state = signalOf(open.room.state).value;
  if (isMissing(state)) return html`<${MissingRoom} back=${open.back} />`;
  const fault = state.status === "failed" ? state.error.message : "";
  return html`
    <section class="room" aria-label="Room" data-state=${state.status}>
      <${RoomHeader} open=${open} />
      <${People} room=${open.room} />
      <${SidePane} open=${open} />
      <p class="fault" role="alert">${fault}</p>
      <${MessageList} open=${open} />
      <${Typing} room=${open.room} />
      ${!fault && html`<${Composer} open=${open} />`}
      <${RoomDialogs} open=${open} />
    </section>
  `;
}

function RoomHeader({ open }: { open: OpenRoom }) {
  const { room, back } = open;
  const info = signalOf(room.info).value;
  const name = info ? nameOfRoom(info, open.userId) : "…";
  return html`
    <header>
      ${back && html`<a class="back" href=${back}>‹<span> Rooms</span></a>`}
      <h1 class=${info?.type} title=${info ? name : ""}>
        ${info?.type === "private" && html`<${Icon} name="lock" />`}${name}
      </h1>
      <p class="description">${info?.description}</p>
      <p class="room-tools">
        ${back && info && html`
          ${open.mayInvite && html`
            <button class="quiet invite" type="button" onClick=${() =>
              open.invite()}>Invite</button>
          `}
          <${PaneButton} open=${open} pane="members" text="Members" />
        `}
        <${PaneButton} open=${open} pane="pins" text="Pins" />
        ${back && info && html`
          <${Menu} label="More about this room" items=${menuItems(open)}>
            <${Icon} name="more" />
            <//>
        `}
      </p>
    </header>
  `;
}

interface PaneButtonProps {
  open: OpenRoom;
  pane: "members" | "pins";
  text: string;
}

function PaneButton({ open, pane, text }: PaneButtonProps) {
  return html`
    <button class=${`quiet ${pane}-button`} type="button"
      aria-pressed=${String(open.pane.value === pane)}
      onClick=${() => open.togglePane(pane)}>${text}</button>
  `;
}

/** What there is no space for in the header, on narrow screens or at all. */
function menuItems(open: OpenRoom): MenuItem[] {
  const items: (MenuItem | false)[] = [
    open.mayInvite && { label: "Invite", isForNarrow: true, work: () => open.invite() },
    { label: "Pins", isForNarrow: true, work: () => open.togglePane("pins") },
    open.mayLeave &&
    {
      label: "Leave the room…",
      isDangerous: true,
      work: () => open.dialog.value = { kind: "leave" },
    },
  ];
  return items.filter((item) => item !== false);
}

/** Shown instead of a room that does not exist, with a link back. */
function MissingRoom({ back }: { back?: string }) {
  return html`
    <section class="room missing" aria-label="Room">
      <div class="dead-end" role="status">
        <h2>There is no such room</h2>
        <p>The link may be mistyped, or the room is gone.</p>
        ${back && html`<a class="button" href=${back}>Go to the rooms</a>`}
      </div>
    </section>
  `;
}
