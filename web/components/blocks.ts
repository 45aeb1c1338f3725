/** Blocks somebody, or ends that; and the list of those who are blocked. */
import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import type { PublicUser } from "../../src/client/mod.ts";
import type { Chat } from "../chat.ts";
import { PersonChoice } from "./people_picker.ts";

/** Not shown until it is known what it would do. */
export function BlockButton({ chat, user }: { chat: Chat; user: PublicUser }) {
  const fault = useSignal("");
  const blocks = chat.signedIn.value?.blocks;
  const users = blocks?.users.value;
  if (!blocks || !users) return null;
  const isBlocked = users.some(({ id }) => id === user.id);
  const change = async () => {
    fault.value = "";
    await (isBlocked ? blocks.unblock(user) : blocks.block(user)).catch((error: Error) => {
      fault.value = error.message;
    });
  };
  return html`
    <button class="quiet" type="button" onClick=${change}
      aria-label="${isBlocked ? "Unblock" : "Block"} ${user.displayName}"
    >${isBlocked ? "Unblock" : "Block"}</button>
    <span class="dialog-note" role="status">
      ${fault.value ||
        (isBlocked ? "Blocked: neither of you can write to the other directly." : "")}
    </span>
  `;
}

/** Those whom the user has blocked; nothing if there is nobody. */
export function BlockedPeople({ chat }: { chat: Chat }) {
  const blocks = chat.signedIn.value?.blocks;
  useEffect(() => void blocks?.load().catch(chat.notice.sayError), [blocks]);
  const users = blocks?.users.value ?? [];
  if (users.length === 0) return null;
  return html`
    <section aria-labelledby="blocked-title">
      <h3 id="blocked-title">Blocked</h3>
      <ul class="blocked">
        ${users.map((user) =>
          html`
            <li key=${user.id}>
              <${PersonChoice} user=${user} />
              <button class="quiet" type="button" aria-label="Unblock ${user.displayName}"
                onClick=${() => blocks!.unblock(user).catch(chat.notice.sayError)}>Unblock</button>
            </li>
          `
        )}
      </ul>
    </section>
  `;
}
