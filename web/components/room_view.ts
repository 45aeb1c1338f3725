/** One room: its header, the messages, the input, and who is there. */
import { html } from "htm/preact";
import { useContext } from "preact/hooks";
import { address } from "../address.ts";
import { DropTargets } from "../files/attach.ts";
import { Lightbox } from "../files/lightbox.ts";
import type { Notifications } from "../notifications/alerts.ts";
import { signalOf } from "../observed.ts";
import { isRefused, type OpenRoom } from "../rooms/open_room.ts";
import { mayInvite, mayJoin, mayLeave } from "../rooms/rights.ts";
import { nameOfRoom, otherOf } from "../rooms/room_name.ts";
import { addressOfSearch } from "../search/terms.ts";
import { ChatContext } from "./chat_context.ts";
import { Composer, Obstacle } from "./composer.ts";
import { DeadEnd } from "./dead_end.ts";
import { Icon } from "./icon.ts";
import { Menu, type MenuItem } from "./menu.ts";
import { MessageList } from "./message_list.ts";
import { People } from "./people.ts";
import { PersonName } from "./person_card.ts";
import { RoomDialogs } from "./room_dialogs.ts";
import { SidePane } from "./side_pane.ts";
import { Typing } from "./typing.ts";

/** Each lets a part of the settings be changed. */
const SETTINGS = ["room.update", "room.slow_mode", "room.archive", "room.delete"];

export function RoomView({ open }: { open: OpenRoom }) {
  const state = signalOf(open.room.state).value;
  if (isRefused(state)) return html`<${DeadEnd} open=${open} />`;
  const fault = state.status === "failed" ? state.error.message : "";
  return html`
    <section class="room" aria-label="Room" data-state=${state.status}>
      <${RoomHeader} open=${open} />
      <${People} room=${open.room} />
      <${SidePane} open=${open} />
      <p class="fault" role="alert">${fault}</p>
      <${MessageList} open=${open} />
      <${Typing} room=${open.room} />
      ${!fault && html`<${open.writing.obstacle.value ? Obstacle : Composer} open=${open} />`}
      <${RoomDialogs} open=${open} />
      <${DropTargets} open=${open} />
      <${Lightbox} open=${open} />
    </section>
  `;
}

function RoomHeader({ open }: { open: OpenRoom }) {
  const { room, back } = open;
  const info = signalOf(room.info).value;
  const name = info ? nameOfRoom(info, open.userId) : "…";
  const other = info && otherOf(info, open.userId);
  return html`
    <header>
      ${back && html`<${BackLink} back=${back} />`}
      <h1 class=${info?.type} title=${info ? name : ""}>
        ${info?.type === "private" && html`<${Icon} name="lock" />`}
        ${other ? html`<${PersonName} user=${other} />` : name}
      </h1>
      <p class="description">${info?.description}</p>
      <p class="room-tools">
        ${back && info && html`
          ${mayInvite(open) && html`
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

/** To the results of the search that led here, or else, on narrow screens, to the rooms. */
function BackLink({ back }: { back: string }) {
  const chat = useContext(ChatContext);
  if (!chat?.isFromSearch(address.value)) {
    return html`<a class="back" href=${back}>‹<span> Rooms</span></a>`;
  }
  const terms = chat.signedIn.value!.search.terms.value;
  return html`<a class="back to-results" href=${addressOfSearch(terms)}>‹<span> Results</span></a>`;
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

/** What one may be notified of; in direct rooms every message is for the user. */
const NOTIFICATIONS: [Notifications, string][] = [
  ["all", "Notify me of every message"],
  ["mentions", "Notify me of mentions"],
  ["none", "Notify me of nothing"],
];

function notificationItems(open: OpenRoom): MenuItem[] {
  const { notifications } = open;
  if (notifications === null) return [];
  const isDirect = signalOf(open.room.info).value?.type === "direct";
  const shown = isDirect
    ? NOTIFICATIONS.filter(([choice]) => choice !== "mentions")
    : NOTIFICATIONS;
  return shown.map(([choice, label]) => ({
    label,
    isChosen: choice === notifications,
    work: () => open.memberCommands.setNotifications(choice),
  }));
}

/** What there is no space for in the header, on narrow screens or at all. */
function menuItems(open: OpenRoom): MenuItem[] {
  const items: (MenuItem | false)[] = [
    mayInvite(open) && { label: "Invite", isForNarrow: true, work: () => open.invite() },
    { label: "Pins", isForNarrow: true, work: () => open.togglePane("pins") },
    mayJoin(open) && { label: "Join the room", work: () => open.memberCommands.join() },
    SETTINGS.some((capability) => open.may(capability)) &&
    { label: "Room settings…", work: () => open.dialog.value = { kind: "settings" } },
    open.notifications !== null &&
    { label: "Hide until there is something new", work: () => open.hide() },
    ...notificationItems(open),
    mayLeave(open) &&
    {
      label: "Leave the room…",
      isDangerous: true,
      work: () => open.dialog.value = { kind: "leave" },
    },
  ];
  return items.filter((item) => item !== false);
}
