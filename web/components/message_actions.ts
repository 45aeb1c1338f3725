/** What can be done with a message: a bar beside it, or a sheet below on touch screens. */
import { html } from "htm/preact";
import type { ChatMessage } from "../../src/client/mod.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { mayReport } from "../rooms/rights.ts";
import { EmojiPicker } from "./emoji_picker.ts";
import { Icon, type IconName } from "./icon.ts";

interface Action {
  icon: IconName;
  label: string;
  work(): unknown;
  isOn?: boolean;
}

export function MessageActions({ open, message }: { open: OpenRoom; message: ChatMessage }) {
  const { commands } = open;
  const isPicking = commands.picking.value === message.key;
  const pick = (emoji: string) => commands.toggleReaction(message, emoji);
  // Screen readers should not announce the buttons as if they were said in the room.
  return html`
    <div class="actions" role="toolbar" aria-label="Message actions" aria-live="off">
      ${actionsFor(open, message).map(({ icon, label, work, isOn }) =>
        html`
          <button type="button" key=${icon} title=${label} aria-pressed=${isOn}
            onClick=${work}>
            <${Icon} name=${icon} /><span>${label}</span>
          </button>
        `
      )}
      ${isPicking && html`
        <${EmojiPicker} frequent=${commands.frequentEmoji} onPick=${pick}
          onClose=${() => commands.picking.value = null} />
      `}
    </div>
  `;
}

function actionsFor(open: OpenRoom, message: ChatMessage): Action[] {
  const { commands, room } = open;
  const { key, id, seq, pinned, sender } = message;
  const isOwn = sender.id === open.userId;
  // What the server does not have yet is changed here alone.
  const mayOwn = (capability: string) => isOwn && (id === null || open.may(capability));
  const done = (work: () => unknown) => () => {
    commands.active.value = null;
    return work();
  };
  const all: (Action | false)[] = [
    open.may("message.react") && {
      icon: "react",
      label: "React",
      isOn: commands.picking.value === key,
      work: () => commands.picking.value = commands.picking.value === key ? null : key,
    },
    open.may("message.send") &&
    { icon: "reply", label: "Reply", work: () => commands.answer(message) },
    id !== null && { icon: "thread", label: "Thread", work: done(() => open.openThread(id)) },
    mayOwn("message.edit_own") &&
    { icon: "edit", label: "Edit", work: () => commands.edit(message) },
    open.may("message.pin") && {
      icon: "pin",
      label: pinned ? "Unpin" : "Pin",
      work: done(() => commands.togglePin(message)),
    },
    message.text !== "" &&
    { icon: "copy", label: "Copy text", work: done(() => commands.copy(message.text, "The text")) },
    id !== null && open.hasAddress &&
    { icon: "link", label: "Copy link", work: done(() => commands.copyLink(id)) },
    seq !== null && !isOwn && open.hasAddress &&
    { icon: "unread", label: "Mark unread", work: done(() => open.reading.markUnread(message)) },
    id !== null && mayReport(open, message) && {
      icon: "report",
      label: "Report",
      work: done(() => open.dialog.value = { kind: "report", message }),
    },
    !isOwn && open.hasAddress && open.may("member.mute") && {
      icon: "mute",
      label: `Mute ${sender.displayName}`,
      work: done(() => open.dialog.value = { kind: "mute", user: sender }),
    },
    !isOwn && open.hasAddress && open.may("member.ban") && {
      icon: "ban",
      label: `Ban ${sender.displayName}`,
      work: done(() => open.dialog.value = { kind: "ban", user: sender }),
    },
    (mayOwn("message.delete_own") || open.may("message.delete_any")) &&
    { icon: "delete", label: "Delete", work: done(() => commands.deletions.add(message)) },
  ];
  const isFailed = room.find(key)?.state === "failed";
  return isFailed ? [] : all.filter((action) => action !== false);
}
