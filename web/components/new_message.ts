/** The button and the dialog that begin a direct message. */
import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import type { PublicUser } from "../../src/client/mod.ts";
import type { Chat } from "../chat.ts";
import { Dialog } from "./dialog.ts";
import { Icon } from "./icon.ts";
import { PersonSearch } from "./people_picker.ts";

export function NewMessage({ chat }: { chat: Chat }) {
  const isOpen = useSignal(false);
  const close = () => void (isOpen.value = false);
  const pick = (user: PublicUser) => {
    close();
    void chat.writeTo(user);
  };
  return html`
    <button id="new-message" class="quiet add" type="button" title="New message"
      aria-label="New message" onClick=${() => void (isOpen.value = true)}>
      <${Icon} name="plus" />
    </button>
    ${isOpen.value && html`
      <${Dialog} title="New message" onClose=${close}>
        <${PersonSearch} chat=${chat} label="Name of a person" isOpen onPick=${pick} />
        <//>
    `}
  `;
}
