/** One message: its sender, time and text, what it answers, the reactions, and what can be done with it. */
import { useComputed } from "@preact/signals";
import { html } from "htm/preact";
import { useRef } from "preact/hooks";
import type { ChatMessage } from "../../src/client/mod.ts";
import { MessageFiles } from "../files/message_files.ts";
import { OutgoingFiles } from "../files/outgoing_files.ts";
import { memo } from "../memo.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { Markup } from "./markup.ts";
import { MessageActions } from "./message_actions.ts";
import { MessageEditor } from "./message_editor.ts";
import { inFull, Time } from "./moment.ts";
import { Outcome } from "./outcome.ts";
import { PersonAvatar, PersonName } from "./person_card.ts";
import { Quote } from "./quote.ts";
import { Reactions } from "./reactions.ts";
import { Seen } from "./seen.ts";

/** How long a finger rests on a message until its actions are shown. */
const LONG_PRESS_MS = 450;

export interface MessageProps {
  open: OpenRoom;
  message: ChatMessage;
  /** Whether it has the heading of the message before. */
  continued: boolean;
  /** The message that it answers, if that is known. */
  answered: ChatMessage | undefined;
}

export const Message = memo(({ open, message, continued, answered }: MessageProps) => {
  const { key, state, sender, system, replyTo } = message;
  const { active, picking, editing, deletions } = open.commands;
  const isActive = useComputed(() => active.value === key || picking.value === key).value;
  const isEdited = useComputed(() => editing.value?.key === key).value;
  const isGoing = useComputed(() => deletions.pending.value.has(key)).value;
  const isTarget = useComputed(() => open.reading.found.value === key).value;
  const isSeen = useComputed(() => open.readers.messageKey.value === key).value;
  const isGone = message.deletedAt !== null || isGoing;
  const listeners = useActivation(open, key, !system && !isGone);
  const own = !system && sender.id === open.userId;
  const classes = { message: true, own, system, continued, deleted: isGone, target: isTarget };
  return html`
    <li class=${classNames(classes)} data-key=${key} data-seq=${message.seq} data-state=${state}
      tabindex="-1" ...${listeners}>
      ${replyTo && !isGone && html`<${Quote} open=${open} id=${replyTo} message=${answered} />`}
      <${PersonAvatar} user=${sender} />
      <b class="sender"><${PersonName} user=${sender} isTabStop=${isActive} /></b>
      <${Time} at=${message.createdAt} />
      <${Content} open=${open} message=${message} isEdited=${isEdited} isGoing=${isGoing} />
      ${!isGone && html`<${Answers} open=${open} message=${message} />`}
      ${!isGone && html`<${Reactions} open=${open} message=${message} />`}
      ${state !== "sent" && html`<${Outcome} open=${open} message=${message} />`}
      ${isSeen && !isGone && html`<${Seen} open=${open} />`}
      ${isActive && !isEdited && !isGone && !system &&
        html`<${MessageActions} open=${open} message=${message} />`}
    </li>
  `;
});

function Content({ open, message, isEdited, isGoing }: {
  open: OpenRoom;
  message: ChatMessage;
  isEdited: boolean;
  isGoing: boolean;
}) {
  const { key, text, deletedAt, editedAt, pinned, mentions, attachments, files = [] } = message;
  if (deletedAt !== null) return html`<div class="text">Message deleted</div>`;
  if (isGoing) {
    const undo = () => open.commands.deletions.undo(key);
    return html`
      <div class="text">
        Message deleted <button class="quiet undo" type="button" onClick=${undo}>Undo</button>
      </div>
    `;
  }
  const names = mentions.length > 0 ? mentions.map((id) => open.nameOf(id)).join("\n") : "";
  return html`
    ${isEdited && html`<${MessageEditor} open=${open} message=${message} />`}
    ${!isEdited && (text || attachments.length + files.length === 0) && html`
      <${Markup} text=${text} names=${names} ownName=${open.ownName} />
    `}
    ${attachments.length > 0 && html`
      <${MessageFiles} viewer=${open} of=${key} files=${attachments} />
    `}
    ${files.length > 0 && html`<${OutgoingFiles} open=${open} message=${message} />`}
    ${(editedAt !== null || pinned) && html`
      <p class="marks">
        ${editedAt !== null && html`<span title=${inFull(editedAt)}>edited</span>`}
        ${pinned && html`<span>pinned</span>`}
      </p>
    `}
  `;
}

/** Leads to the answers that are known here. */
function Answers({ open, message: { id } }: { open: OpenRoom; message: ChatMessage }) {
  // The answers are read first: a message that is not sent yet has no id.
  const count = useComputed(() => open.answers.value.get(id ?? "") ?? 0).value;
  if (count === 0) return null;
  return html`
    <p class="answers">
      <button class="link" type="button" onClick=${() => open.openThread(id!)}>
        ${count === 1 ? "1 answer" : `${count} answers`}
      </button>
    </p>
  `;
}

/** Shows a message's actions while the mouse, the focus or a long press is on it. */
function useActivation({ commands: { active } }: OpenRoom, key: string, isUsable: boolean) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const isLongPress = useRef(false);
  if (!isUsable) return {};
  const show = () => void (active.value = key);
  const hide = (event: Event) => {
    const item = event.currentTarget as HTMLElement;
    const other = (event as FocusEvent).relatedTarget as Node | null;
    const stays = event.type === "focusout"
      ? item.contains(other) || item.matches(":hover")
      : item.contains(document.activeElement);
    if (active.value === key && !stays) active.value = null;
  };
  const release = () => clearTimeout(timer.current);
  const isMouse = (event: PointerEvent) => event.pointerType === "mouse";
  return {
    // Not only when it enters: the actions of another message may have been shown meanwhile.
    onPointerMove: (event: PointerEvent) => isMouse(event) && show(),
    onPointerLeave: (event: PointerEvent) => isMouse(event) ? hide(event) : release(),
    onPointerDown: (event: PointerEvent) => {
      release();
      isLongPress.current = false;
      if (isMouse(event)) return;
      const item = event.currentTarget as HTMLElement;
      timer.current = setTimeout(() => {
        isLongPress.current = true;
        // Shows them, and whatever is touched next takes the focus and hides them.
        item.focus({ preventScroll: true });
        show();
      }, LONG_PRESS_MS);
    },
    // What has appeared under the finger is not pressed as the finger leaves.
    onTouchEnd: (event: TouchEvent) => isLongPress.current && event.preventDefault(),
    onPointerUp: release,
    onPointerCancel: release,
    onFocusIn: (event: FocusEvent) => event.target === event.currentTarget && show(),
    onFocusOut: hide,
  };
}

function classNames(classes: Record<string, boolean>): string {
  return Object.entries(classes).filter(([, isOn]) => isOn).map(([name]) => name).join(" ");
}
