/** The button in the bar that counts new mentions, and the list of all. */
import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useMemo } from "preact/hooks";
import type { Mention } from "../../src/client/mod.ts";
import { addressOf } from "../address.ts";
import type { Chat } from "../chat.ts";
import type { MentionsInbox } from "../notifications/mentions_inbox.ts";
import { nameOfRoom } from "../rooms/room_name.ts";
import { summaryOf } from "../text/plain_text.ts";
import { Avatar } from "./avatar.ts";
import { Dialog } from "./dialog.ts";
import { Icon } from "./icon.ts";
import { Moment } from "./moment.ts";
import { PersonName } from "./person_card.ts";

const REASONS = { mention: "mentioned you", reply: "answered you", room: "called everybody" };

export function Mentions({ chat }: { chat: Chat }) {
  const isOpen = useSignal(false);
  const inbox = chat.signedIn.value?.inbox;
  if (!inbox) return null;
  const count = inbox.newCount.value;
  const close = () => void (isOpen.value = false);
  return html`
    <button id="mentions" class="quiet" type="button" title="Mentions"
      aria-label=${count > 0 ? `Mentions, ${count} new` : "Mentions"}
      onClick=${() => void (isOpen.value = true)}>
      <${Icon} name="at" />${count > 0 && html`<em>${count}</em>`}
    </button>
    ${isOpen.value && html`
      <${Dialog} title="Mentions" onClose=${close}>
        <${Inbox} chat=${chat} inbox=${inbox} onPick=${close} />
        <//>
    `}
  `;
}

function Inbox({ chat, inbox, onPick }: { chat: Chat; inbox: MentionsInbox; onPick(): void }) {
  const mentions = inbox.mentions.value;
  // What was new when it was opened stays marked while it is open.
  const fresh = useMemo(() => new Set<string>(), [inbox]);
  for (const mention of mentions ?? []) {
    if (inbox.isNew(mention)) fresh.add(mention.message.id);
  }
  useEffect(() => void inbox.reload(), [inbox]);
  useEffect(() => inbox.markSeen(), [mentions]);
  const more = () => inbox.loadMore().catch(chat.notice.sayError);
  return html`
    <p class="fault" role="alert">${inbox.fault.value}</p>
    ${mentions?.length === 0 && html`
      <p class="dialog-note">Nobody has mentioned or answered you yet.</p>
    `}
    <ol class="message-links">
      ${mentions?.map((mention) =>
        html`
          <li key=${mention.message.id}>
            <${MentionView} mention=${mention} ownId=${chat.user.value?.id} onPick=${onPick}
              isNew=${fresh.has(mention.message.id)} />
          </li>
        `
      )}
    </ol>
    ${inbox.hasMore && html`
      <button class="quiet" type="button" onClick=${more}>Older mentions</button>
    `}
  `;
}

interface MentionViewProps {
  mention: Mention;
  ownId: string | undefined;
  isNew: boolean;
  onPick(): void;
}

function MentionView({ mention, ownId, isNew, onPick }: MentionViewProps) {
  const { message: { id, sender, createdAt, deletedAt }, room, reason } = mention;
  const place = room.type === "direct" ? "directly" : `in ${nameOfRoom(room, ownId)}`;
  return html`
    <${Avatar} user=${sender} />
    <p class="about">
      <b onClick=${onPick}><${PersonName} user=${sender} /></b> ${REASONS[reason]} ${place}
      ${isNew && html`<em>new</em>`}
    </p>
    <a href=${addressOf(room.slug, id)} onClick=${onPick}
    >${deletedAt === null ? summaryOf(mention.message) : "Message deleted"}</a>
    <${Moment} at=${createdAt} />
  `;
}
