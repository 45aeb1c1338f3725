/** The public rooms, for admins: where they lead to, and what can be done with each. */
import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useMemo } from "preact/hooks";
import type { RoomInfo } from "../../src/client/mod.ts";
import { addressOf as addressInChat } from "../address.ts";
import { Dialog } from "../components/dialog.ts";
import { Form } from "../components/form.ts";
import { Moment } from "../components/moment.ts";
import type { Desk } from "./desk.ts";
import { addressOf } from "./place.ts";
import { Rooms, type RoomsFilter } from "./rooms.ts";
import { ListEnd, Toolbar } from "./toolbar.ts";

export function RoomTable({ desk }: { desk: Desk }) {
  const archived = useSignal(false);
  const mine = useSignal(false);
  const filter = { archived: archived.value, mine: mine.value };
  const rooms = useMemo(() => new Rooms(desk, filter), [desk, ...Object.values(filter)]);
  const { list, managed } = rooms;
  const choice = (label: string, value: boolean) =>
    html`
      <button class="quiet" type="button" aria-pressed=${String(archived.value === value)}
        onClick=${() => archived.value = value}>${label}</button>
    `;
  return html`
    <${Toolbar} list=${list} onReload=${() => desk.rooms.invalidate()}>
      <div class="choice" role="group" aria-label="Which rooms">
        ${choice("In use", false)} ${choice("Archived", true)}
      </div>
      <label class="choice">
        <input type="checkbox" name="mine" checked=${mine.value}
          onChange=${({ currentTarget }: Event) => {
            mine.value = (currentTarget as HTMLInputElement).checked;
          }} />
        Only those I belong to
      </label>
      <//>
      <ul class="lines" aria-label="Rooms">
      ${list.items.value?.map((room) =>
        html`<${RoomLine} key=${room.id} rooms=${rooms} room=${room} />`
      )}
      </ul>
      <${ListEnd} list=${list}>
      ${describeNone(filter)}
    <//>
    ${managed.value && html`<${RoomDialog} desk=${desk} rooms=${rooms} id=${managed.value} />`}
  `;
}

function describeNone({ archived, mine }: RoomsFilter): string {
  if (mine) return `You belong to no public room${archived ? " that is archived" : ""}.`;
  return archived ? "No public room is archived." : "There is no public room yet.";
}

function RoomLine({ rooms, room }: { rooms: Rooms; room: RoomInfo }) {
  const { id, name, slug, memberCount, createdBy, createdAt } = room;
  return html`
    <li>
      <p class="name">
        <a href=${`/${addressInChat(slug)}`} title="Open in the chat"><b>${name}</b></a>
        <small class="faint id">
          ${memberCount === 1
            ? "1 member"
            : `${memberCount} members`}${`, made by ${createdBy.displayName}, `}
          <${Moment} at=${createdAt} />
        </small>
      </p>
      <p class="line-actions">
        <a href=${addressOf("reports", id)} aria-label=${`Reports of ${name}`}>Reports</a>
        <a href=${addressOf("audit", id)} aria-label=${`Audit log of ${name}`}>Audit log</a>
        <button class="quiet" type="button" aria-label=${`Manage ${name}`}
          onClick=${() => rooms.managed.value = id}>Manage</button>
      </p>
    </li>
  `;
}

/** What the server lets the user do with a room. */
function RoomDialog({ desk, rooms, id }: { desk: Desk; rooms: Rooms; id: string }) {
  const known = desk.rooms.of(id);
  const close = () => void (rooms.managed.value = "");
  if (!known) {
    const { value: fault } = desk.rooms.fault;
    const loading = fault ? `${fault} It is tried again.` : "Loading…";
    return html`
      <${Dialog} title="Room" onClose=${close}>
        <p role="status">${known === null ? "You may not see this room." : loading}</p>
        <//>
    `;
  }
  const { room, capabilities } = known;
  const isArchived = room.archivedAt !== null;
  return html`
    <${Dialog} title=${room.name} onClose=${close}>
      ${capabilities.has("room.archive") && html`
        <${Form} id="archive-form" action=${isArchived ? "Take out of the archive" : "Archive"}
          onSubmit=${() => rooms.archive(room, !isArchived)}>
          <p class="dialog-note">
            ${isArchived
              ? "It is archived: everybody can read it, and nobody can write."
              : "Everybody can read an archived room, and nobody can write in it."}
          </p>
          <//>
      `}
      ${capabilities.has("room.delete") && html`
        <${Deletion} rooms=${rooms} room=${room} />
      `}
      ${!capabilities.has("room.archive") && !capabilities.has("room.delete") &&
        html`<p>There is nothing that you may do with this room.</p>`}
    <//>
  `;
}

/** Asks for the room's name, so that no other one is deleted by mistake. */
function Deletion({ rooms, room }: { rooms: Rooms; room: RoomInfo }) {
  const remove = async ({ name }: Record<string, string>) => {
    if (name!.trim() !== room.name) throw new Error("This is not the name of the room.");
    await rooms.delete(room);
  };
  return html`
    <${Form} id="delete-room-form" action="Delete for ever" onSubmit=${remove}>
      <p class="dialog-note">Its messages go with it. This cannot be undone.</p>
      <label>
        The name of the room, to delete it
        <input name="name" autocomplete="off" required />
      </label>
      <//>
  `;
}
