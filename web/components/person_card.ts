/** Who somebody is, with what can be done about them; opened by their name wherever it is shown. */
import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
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
  children?: ComponentChildren;
}

/** A name, or whatever else shows somebody, that opens their card. */
export function PersonName({ user, isTabStop = true, children }: PersonNameProps) {
  const chat = useContext(ChatContext);
  const content = children ?? user.displayName;
  if (!chat) return html`<span>${content}</span>`;
  const show = () => void (chat.person.value = user);
  return html`
    <button class="person-name" type="button" tabindex=${isTabStop ? null : -1} onClick=${show}
    >${content}</button>
  `;
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
  const blocks = chat.blocks.value;
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
