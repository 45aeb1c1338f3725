/** The audit log, the last entry first, each as a sentence. */
import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import type { PublicUser, RoomInfo } from "../../src/client/mod.ts";
import type { AuditEntry } from "../../src/client/rest/mod.ts";
import { Moment } from "../components/moment.ts";
import { PersonSearch } from "../components/people_picker.ts";
import { Audit } from "./audit.ts";
import { ACTIONS, deedOf, reasonOf } from "./audit_sentence.ts";
import type { Desk } from "./desk.ts";
import { Filter } from "./filter.ts";
import { addressOf } from "./place.ts";
import { RoomFilter } from "./room_filter.ts";
import { ListEnd, Toolbar } from "./toolbar.ts";

export function AuditLog({ desk, room }: { desk: Desk; room: string }) {
  const action = useSignal("");
  const actor = useSignal<PublicUser | null>(null);
  const filter = { room, action: action.value, actorId: actor.value?.id ?? "" };
  const audit = useMemo(() => new Audit(desk, filter), [desk, ...Object.values(filter)]);
  const { list } = audit;
  const show = (by: PublicUser) => void (actor.value = by);
  // The log of the whole server is for admins; others read that of a room.
  if (!room && !desk.isAdmin) {
    return html`
      <${RoomChoice} desk=${desk} audit=${audit}>
        The owners of a room read what was done in it. Choose a room.
      <//>
    `;
  }
  return html`
    <${Toolbar} list=${list} onReload=${() => desk.rooms.invalidate()}>
      <label class="choice">
        <span>Show</span>
        <select name="action" value=${action.value} onChange=${({ currentTarget }: Event) =>
          action.value = (currentTarget as HTMLSelectElement).value}>
          <option value="">Everything</option>
          ${Object.entries(ACTIONS).map(([each, label]) =>
            html`<option value=${each}>${label}</option>`
          )}
        </select>
      </label>
      <${Filter} chosen=${filter.actorId}>
        ${actor.value
          ? html`
            <span>Only by <b>${actor.value.displayName}</b></span>
            <button class="link" type="button" onClick=${() =>
              actor.value = null}>By anybody</button>
          `
          : html`
            <${PersonSearch} chat=${desk} label="Who did it" placeholder="By anybody" isSelfFound
              onPick=${show} />
          `}
      <//>
      <${RoomFilter} desk=${desk} section="audit" room=${room} />
    <//>
    <ol class="audit" aria-label="What was done">
      ${list.items.value?.map((entry) =>
        html`<${Entry} key=${entry.id} desk=${desk} entry=${entry} onActor=${show} />`
      )}
    </ol>
    <${ListEnd} list=${list}>
      Nothing is recorded here: bans, removals, roles, deletions and all else that moderators and
      admins do.
    <//>
    ${!room && html`
      <${RoomChoice} desk=${desk} audit=${audit} type="private">
        This is the log of the server and of public rooms. Owners read that of private ones.
      <//>
    `}
  `;
}

interface EntryProps {
  desk: Desk;
  entry: AuditEntry;
  /** To show only what this user did. */
  onActor(actor: PublicUser): void;
}

function Entry({ desk, entry, onActor }: EntryProps) {
  const { actor, roomId, createdAt } = entry;
  const reason = reasonOf(entry);
  return html`
    <li>
      <${Moment} at=${createdAt} />
      <p>
        ${actor
          ? html`
            <button class="link" type="button" title="Only what they did"
              onClick=${() => onActor(actor)}>${actor.displayName || "Somebody"}</button>
          `
          : html`<b>The operator of the server</b>`}
        <span> ${deedOf(entry, roomNameOf(desk, roomId))}</span>
        ${reason && html`<span>: <q>${reason}</q></span>`}
      </p>
      ${roomId && html`
        <a href=${addressOf("audit", roomId)}>Only ${roomNameOf(desk, roomId)}</a>
      `}
    </li>
  `;
}

function roomNameOf(desk: Desk, roomId: string | null): string {
  if (roomId === null) return "the server";
  const known = desk.rooms.of(roomId);
  return known === null ? "a room that is gone" : known?.room.name ?? "…";
}

interface RoomChoiceProps {
  desk: Desk;
  audit: Audit;
  /** Only rooms of this type. */
  type?: RoomInfo["type"];
  /** What the rooms are. */
  children: ComponentChildren;
}

/** The user's own rooms whose logs the server shows them. */
function RoomChoice({ desk, audit, type, children }: RoomChoiceProps) {
  useEffect(() => void audit.readOwnRooms(), [audit]);
  const rooms = audit.ownRooms.value.filter((room) => {
    const isOfType = type === undefined || room.type === type;
    return isOfType && desk.rooms.of(room.id)?.capabilities.has("audit.read");
  });
  if (type !== undefined && rooms.length === 0) return null;
  return html`
    <p class="empty">${children}</p>
    <ul class="room-choice" aria-label="Your rooms">
      ${rooms.map(({ id, name }) =>
        html`<li key=${id}><a href=${addressOf("audit", id)}>${name}</a></li>`
      )}
    </ul>
  `;
}
