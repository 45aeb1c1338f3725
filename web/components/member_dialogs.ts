/** What is asked before a member is banned, muted or removed, or before one leaves. */
import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import type { PublicUser } from "../../src/client/mod.ts";
import { MAX_REASON_LENGTH } from "../../src/protocol/wire/limits.ts";
import type { OpenRoom } from "../open_room.ts";
import { DELETIONS, endOf, type Period, PERIODS } from "../periods.ts";
import { Dialog } from "./dialog.ts";
import { Form } from "./form.ts";

interface MemberDialogProps {
  open: OpenRoom;
  user: PublicUser;
  onClose(): void;
}

export function BanDialog({ open, user, onClose }: MemberDialogProps) {
  const ban = async ({ period, reason, deletion }: Record<string, string>) => {
    const deleteSeconds = DELETIONS[Number(deletion)]!.seconds ?? 0;
    await open.memberCommands.ban(user, { ...restriction(period!, reason!), deleteSeconds });
    onClose();
  };
  return html`
    <${Dialog} title=${`Ban ${user.displayName}`} onClose=${onClose}>
      <p class="dialog-note">
        ${user.displayName} will be no member any more, and can neither read nor write in this room.
      </p>
      <${Form} id="ban-form" action="Ban" onSubmit=${ban}>
        <${PeriodField} name="period" label="For how long" periods=${PERIODS} chosen=${4} />
        <${PeriodField} name="deletion" label="Delete their messages" periods=${DELETIONS} />
        <${ReasonField} />
        <//>
        <//>
  `;
}

export function MuteDialog({ open, user, onClose }: MemberDialogProps) {
  const mute = async ({ period, reason }: Record<string, string>) => {
    await open.memberCommands.mute(user, restriction(period!, reason!));
    onClose();
  };
  return html`
    <${Dialog} title=${`Mute ${user.displayName}`} onClose=${onClose}>
      <p class="dialog-note">${user.displayName} can read, and neither write nor react.</p>
      <${Form} id="mute-form" action="Mute" onSubmit=${mute}>
        <${PeriodField} name="period" label="For how long" periods=${PERIODS} />
        <${ReasonField} />
        <//>
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

interface PeriodFieldProps {
  name: string;
  label: string;
  periods: readonly Period[];
  /** The index of the one that is chosen at first. */
  chosen?: number;
}

function PeriodField({ name, label, periods, chosen = 0 }: PeriodFieldProps) {
  return html`
    <label>
      ${label}
      <select name=${name}>
        ${periods.map(({ label }, index) =>
          html`<option key=${label} value=${index} selected=${index === chosen}>${label}</option>`
        )}
      </select>
    </label>
  `;
}

function ReasonField() {
  return html`
    <label>
      Reason, which others can see
      <input name="reason" autocomplete="off" maxlength=${MAX_REASON_LENGTH} />
    </label>
  `;
}

function restriction(period: string, reason: string) {
  return { until: endOf(PERIODS[Number(period)]!.seconds), reason: reason.trim() || null };
}
