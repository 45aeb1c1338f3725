/** The dialogs of a room, of which one is open at a time. */
import { html } from "htm/preact";
import type { OpenRoom } from "../rooms/open_room.ts";
import { InviteDialog } from "./invite_dialog.ts";
import { BanDialog, LeaveDialog, MuteDialog, RemoveDialog } from "./member_dialogs.ts";
import { ReportDialog } from "./report_dialog.ts";
import { RoomSettings } from "./room_settings.ts";

const DIALOGS = {
  ban: BanDialog,
  invite: InviteDialog,
  leave: LeaveDialog,
  mute: MuteDialog,
  remove: RemoveDialog,
  report: ReportDialog,
  settings: RoomSettings,
} as const;

export function RoomDialogs({ open }: { open: OpenRoom }) {
  const dialog = open.dialog.value;
  if (dialog === null) return null;
  const { kind, ...subject } = dialog;
  return html`
    <${DIALOGS[kind]} open=${open} ...${subject} onClose=${() => open.dialog.value = null} />
  `;
}
