/** What is asked before a member is banned, muted or removed, or before one leaves. */
import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import type { PublicUser } from "../../src/client/mod.ts";
import type { Banning, Restricting } from "../../src/client/rest/mod.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { Dialog } from "./dialog.ts";
import { Form } from "./form.ts";
import { RestrictionForm } from "./restriction_form.ts";

interface MemberDialogProps {
  open: OpenRoom;
  user: PublicUser;
  onClose(): void;
}

export function BanDialog({ open, user, onClose }: MemberDialogProps) {
  const ban = async (asked: Banning) => {
    await open.memberCommands.ban(user, asked);
    onClose();
  };
  return html`
    <${Dialog} title=${`Ban ${user.displayName}`} onClose=${onClose}>
      <p class="dialog-note">
        ${user.displayName} will be no member any more, and can neither read nor write in this room.
      </p>
      <${RestrictionForm} id="ban-form" action="Ban" chosen=${4} deletes=${true}
        onSubmit=${ban} />
      <//>
  `;
}

export function MuteDialog({ open, user, onClose }: MemberDialogProps) {
  const mute = async (asked: Restricting) => {
    await open.memberCommands.mute(user, asked);
    onClose();
  };
  return html`
    <${Dialog} title=${`Mute ${user.displayName}`} onClose=${onClose}>
      <p class="dialog-note">${user.displayName} can read, and neither write nor react.</p>
      <${RestrictionForm} id="mute-form" action="Mute" onSubmit=${mute} />
      <//>
  `;
}

export function RemoveDialog({ open, user, onClose }: MemberDialogProps) {
  const isPrivate = open.room.info.get()?.type === "private";
  return html`
    <${Confirmation} title=${`Remove ${user.displayName}`} action="Remove" onClose=${onClose}
      onConfirm=${() => open.memberCommands.remove(user)}>
      ${user.displayName} will be no member any more.
      ${isPrivate ? "They can come back only if they are invited." : "Anybody can come back."}
    <//>
  `;
}

export function LeaveDialog({ open, onClose }: { open: OpenRoom; onClose(): void }) {
  const isPrivate = open.room.info.get()?.type === "private";
  const leave = async () => {
    await open.memberCommands.leave();
    if (open.back) location.hash = open.back;
  };
  return html`
    <${Confirmation} title="Leave the room" action="Leave" onConfirm=${leave} onClose=${onClose}>
      ${isPrivate
        ? "You can come back only if you are invited."
        : "It leaves your list. You can come back at any time."}
    <//>
  `;
}

interface ConfirmationProps {
  title: string;
  action: string;
  onConfirm(): Promise<void>;
  onClose(): void;
  children: ComponentChildren;
}

function Confirmation({ title, action, onConfirm, onClose, children }: ConfirmationProps) {
  const confirm = async () => {
    await onConfirm();
    onClose();
  };
  return html`
    <${Dialog} title=${title} onClose=${onClose}>
      <p>${children}</p>
      <${Form} id="confirmation-form" action=${action} onSubmit=${confirm} />
      <//>
  `;
}
