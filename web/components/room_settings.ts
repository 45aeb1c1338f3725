/** The settings of a room, each shown to those who may change it. */
import { html } from "htm/preact";
import type { RoomInfo } from "../../src/client/mod.ts";
import { deleteRoom, type RoomChanges, updateRoom } from "../../src/client/rest/mod.ts";
import { MAX_DESCRIPTION_LENGTH, MAX_ROOM_NAME_LENGTH } from "../../src/protocol/wire/limits.ts";
import { describeSeconds } from "../messages/writing.ts";
import { signalOf } from "../observed.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { Dialog } from "./dialog.ts";
import { Form } from "./form.ts";

/** In seconds. */
const PAUSES = [0, 5, 10, 30, 60, 300, 900, 3_600, 21_600];

interface SettingsProps {
  open: OpenRoom;
  info: RoomInfo;
  onClose(): void;
}

export function RoomSettings({ open, onClose }: Omit<SettingsProps, "info">) {
  const info = signalOf(open.room.info).value;
  if (!info) return null;
  const parts = { open, info, onClose };
  const mayChange = open.may("room.update") || open.may("room.slow_mode");
  return html`
    <${Dialog} title="Room settings" onClose=${onClose}>
      ${mayChange && html`<${Settings} ...${parts} />`}
      ${open.may("room.archive") && html`<${Archiving} ...${parts} />`}
      ${open.may("room.delete") && html`<${Deletion} ...${parts} />`}
    <//>
  `;
}

function Settings({ open, info, onClose }: SettingsProps) {
  const save = async (fields: Record<string, string>) => {
    const changes = changesOf(info, fields);
    if (Object.keys(changes).length > 0) await updateRoom(open.api, info.id, changes);
    onClose();
  };
  return html`
    <${Form} id="settings-form" action="Save" onSubmit=${save}>
      ${open.may("room.update") && html`
        <label>Name
          <input name="name" autocomplete="off" required maxlength=${MAX_ROOM_NAME_LENGTH}
            defaultValue=${info.name} />
        </label>
        <label>Description
          <textarea name="description" rows="2" maxlength=${MAX_DESCRIPTION_LENGTH}
            defaultValue=${info.description ?? ""}></textarea>
        </label>
        <label>Who writes
          <select name="postPolicy">
            ${[["members", "All members"], ["moderators", "Moderators and owners"]].map(
              ([value, label]) =>
                html`
                  <option key=${value} value=${value}
                    selected=${value === info.postPolicy}>${label}</option>
                `,
            )}
          </select>
        </label>
      `}
      ${open.may("room.slow_mode") && html`
        <label>Slow mode: how often a member can send
          <select name="slowModeSeconds">
            ${pausesWith(info.slowModeSeconds).map((seconds) =>
              html`
                <option key=${seconds} value=${seconds}
                  selected=${seconds === info.slowModeSeconds}>
                  ${seconds === 0 ? "As often as they like" : `Every ${describeSeconds(seconds)}`}
                </option>
              `
            )}
          </select>
        </label>
      `}
    <//>
  `;
}

function Archiving({ open, info, onClose }: SettingsProps) {
  const isArchived = info.archivedAt !== null;
  const change = async () => {
    await updateRoom(open.api, info.id, { archived: !isArchived });
    onClose();
  };
  return html`
    <section class="setting" aria-label="Archive">
      <p class="dialog-note">${isArchived
        ? "The room is archived: it can be read, and nobody writes in it."
        : "An archived room can be read, and nobody writes in it."}</p>
      <${Form} id="archive-form" action=${isArchived ? "Reopen the room" : "Archive the room"}
        onSubmit=${change} />
    </section>
  `;
}

function Deletion({ open, info, onClose }: SettingsProps) {
  const remove = async ({ confirmation }: Record<string, string>) => {
    if (confirmation!.trim() !== info.name) throw new Error("This is not the name of the room.");
    await deleteRoom(open.api, info.id);
    open.notice.say(`${info.name} is deleted.`);
    onClose();
    if (open.back) location.hash = open.back;
  };
  return html`
    <details class="setting" onToggle=${showWhole}>
      <summary>Delete the room</summary>
      <p class="dialog-note">With all its messages, for everybody, and for ever.</p>
      <${Form} id="deletion-form" action="Delete the room" onSubmit=${remove}>
        <label>The room's name, to be sure
          <input name="confirmation" autocomplete="off" required />
        </label>
        <//>
        </details>
  `;
}

/** What was below the end of the dialog is seen. */
function showWhole({ currentTarget }: Event): void {
  (currentTarget as HTMLElement).scrollIntoView({ block: "nearest" });
}

/** Another client may have set another one. */
function pausesWith(seconds: number): number[] {
  return [...new Set([...PAUSES, seconds])].sort((a, b) => a - b);
}

/** What differs from the settings as they are, of what was shown. */
function changesOf(info: RoomInfo, fields: Record<string, string>): RoomChanges {
  const { name, description, postPolicy, slowModeSeconds } = fields;
  const text = description?.trim() || null;
  const pause = Number(slowModeSeconds);
  return {
    ...(name !== undefined && name.trim() !== info.name && { name }),
    ...(description !== undefined && text !== info.description && { description: text }),
    ...(postPolicy !== undefined && postPolicy !== info.postPolicy &&
      { postPolicy: postPolicy as RoomInfo["postPolicy"] }),
    ...(slowModeSeconds !== undefined && pause !== info.slowModeSeconds &&
      { slowModeSeconds: pause }),
  };
}
