/** Who somebody is, with what can be done about them; opened by their name wherever it is shown. */
import { html } from "htm/preact";
import { useContext, useEffect } from "preact/hooks";
import type { PublicUser } from "../../src/client/mod.ts";
import type { Chat } from "../chat.ts";
import { Avatar } from "./avatar.ts";
import { BlockButton } from "./blocks.ts";
import { ChatContext } from "./chat_context.ts";
import { Dialog } from "./dialog.ts";

interface PersonNameProps {
  user: PublicUser;
  /** Whether the tab key stops at it. */
  isTabStop?: boolean;
}

/** A name that opens the card of its owner, where there is a chat around. */
export function PersonName({ user, isTabStop = true }: PersonNameProps) {
  const show = useShowPerson(user);
  if (!show) return html`<span>${user.displayName}</span>`;
  return html`
    <button class="person-name" type="button" tabindex=${isTabStop ? null : -1} onClick=${show}
    >${user.displayName}</button>
  `;
}

/** An avatar that opens the card of its owner; for the mouse, beside a name that does the same. */
export function PersonAvatar({ user }: { user: PublicUser }) {
  return html`<${Avatar} user=${user} onClick=${useShowPerson(user)} />`;
}

/** What opens the card of a person; undefined where there is no chat around. */
function useShowPerson(user: PublicUser): (() => void) | undefined {
  const chat = useContext(ChatContext);
  return chat ? () => void (chat.person.value = user) : undefined;
}

/** The card of whom the user has chosen. */
export function PersonCard({ chat }: { chat: Chat }) {
  const user = chat.person.value;
  if (!user) return null;
  const close = () => void (chat.person.value = null);
  return html`
    <${Dialog} key=${user.id} title=${user.displayName} onClose=${close}>
      <${Card} chat=${chat} user=${user} onDone=${close} />
      <//>
  `;
}

function Card({ chat, user, onDone }: { chat: Chat; user: PublicUser; onDone(): void }) {
  const blocks = chat.signedIn.value?.blocks;
  useEffect(() => void blocks?.load().catch(chat.notice.sayError), [blocks]);
  const isOwn = user.id === chat.user.value?.id;
  const write = () => {
    onDone();
    void chat.writeTo(user);
  };
  return html`
    <div class="person-card">
      <${Avatar} user=${user} />
      ${isOwn ? html`<p class="dialog-note">This is you.</p>` : html`
        <p class="actions-row">
          <button type="button" onClick=${write}>Message</button>
          <${BlockButton} chat=${chat} user=${user} />
        </p>
      `}
    </div>
  `;
}
