/** What can be done with a message: a bar beside it, or a sheet below on touch screens. */
import { html } from "htm/preact";
import type { ChatMessage } from "../../src/client/mod.ts";
import type { OpenRoom } from "../open_room.ts";
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
  const { commands, room, mayModerate } = open;
  const { key, id, seq, pinned, sender } = message;
  const isOwn = sender.id === open.userId;
  const done = (work: () => unknown) => () => {
    commands.active.value = null;
    return work();
  };
  const all: (Action | false)[] = [
    {
      icon: "react",
      label: "React",
      isOn: commands.picking.value === key,
      work: () => commands.picking.value = commands.picking.value === key ? null : key,
    },
    { icon: "reply", label: "Reply", work: () => commands.answer(message) },
    id !== null && { icon: "thread", label: "Thread", work: done(() => open.openThread(id)) },
    isOwn && { icon: "edit", label: "Edit", work: () => commands.edit(message) },
    mayModerate && {
      icon: "pin",
      label: pinned ? "Unpin" : "Pin",
      work: done(() => commands.togglePin(message)),
    },
    { icon: "copy", label: "Copy text", work: done(() => commands.copy(message.text, "The text")) },
    id !== null && open.hasAddress &&
    { icon: "link", label: "Copy link", work: done(() => commands.copyLink(id)) },
    seq !== null && !isOwn && open.hasAddress &&
    { icon: "unread", label: "Mark unread", work: done(() => open.markUnread(message)) },
    (isOwn || mayModerate) &&
    { icon: "delete", label: "Delete", work: done(() => commands.deletions.add(message)) },
  ];
  const isFailed = room.find(key)?.state === "failed";
  return isFailed ? [] : all.filter((action) => action !== false);
}
