/** The button and the dialog that make a room: a name is enough. */
import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import type { PublicUser } from "../../src/client/mod.ts";
import { createRoom, type NewRoom as RoomFields } from "../../src/client/rest/mod.ts";
import { MAX_ADDED_MEMBERS } from "../../src/protocol/wire/limits.ts";
import { addressOf } from "../address.ts";
import type { Chat } from "../chat.ts";
import { Dialog } from "./dialog.ts";
import { Form } from "./form.ts";
import { Icon } from "./icon.ts";
import { PeoplePicker } from "./people_picker.ts";

export function NewRoom({ chat }: { chat: Chat }) {
  const isOpen = useSignal(false);
  const close = () => void (isOpen.value = false);
  return html`
    <button id="new-room" class="quiet" type="button" onClick=${() => void (isOpen.value = true)}>
      <${Icon} name="plus" />New room
    </button>
    ${isOpen.value && html`
      <${Dialog} title="New room" onClose=${close}>
        <${NewRoomForm} chat=${chat} onDone=${close} />
        <//>
    `}
  `;
}

function NewRoomForm({ chat, onDone }: { chat: Chat; onDone(): void }) {
  const members = useSignal<readonly PublicUser[]>([]);
  const create = async ({ name, description, type }: Record<string, string>) => {
    const fields: RoomFields = {
      name: name!,
      type: type as "public" | "private",
      members: members.value.map(({ id }) => id),
    };
    if (description!.trim()) fields.description = description!;
    const room = await createRoom(chat.client.api, fields);
    chat.addRoom(room);
    location.hash = addressOf(room.slug);
    onDone();
  };
  return html`
    <${Form} id="new-room-form" action="Create" onSubmit=${create}>
      <label>Name <input name="name" autocomplete="off" autofocus required /></label>
      <label>What it is about, if you like <input name="description" autocomplete="off" /></label>
      <fieldset class="options">
        <legend>Who can read it</legend>
        <label><input type="radio" name="type" value="public" defaultChecked /> Everybody here</label>
        <label><input type="radio" name="type" value="private" /> Only those who are added or
          invited: for others the room does not exist</label>
      </fieldset>
      <${PeoplePicker} chat=${chat} label="Add people" chosen=${members}
        max=${MAX_ADDED_MEMBERS} />
      <//>
  `;
}
