/** One's own profile, how this browser calls for one's attention, and whom one has blocked. */
import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import type { User } from "../../src/client/mod.ts";
import { OwnAvatar } from "../avatars/own_avatar.ts";
import type { Chat } from "../chat.ts";
import type { Attention } from "../notifications/attention.ts";
import { BlockedPeople } from "./blocks.ts";
import { Dialog } from "./dialog.ts";
import { Form } from "./form.ts";

/** The button with one's name, which opens the profile. */
export function OwnProfile({ chat, user }: { chat: Chat; user: User }) {
  const isOpen = useSignal(false);
  const attention = chat.signedIn.value?.attention;
  const close = () => void (isOpen.value = false);
  // A picture that the server keeps has no address to type.
  const kept = user.avatarUrl?.startsWith("/") ? user.avatarUrl : null;
  const save = async ({ displayName, avatarUrl }: Record<string, string>) => {
    await chat.client.updateMe({ displayName: displayName!, avatarUrl: avatarUrl || kept });
    chat.notice.say("Your profile is saved.");
    close();
  };
  return html`
    <button id="me" class="quiet" type="button" title="Your profile"
      onClick=${() => void (isOpen.value = true)}>${user.displayName}</button>
    ${isOpen.value && html`
      <${Dialog} title="Your profile" onClose=${close}>
        <${OwnAvatar} chat=${chat} user=${user} />
        <${Form} id="profile-form" action="Save" onSubmit=${save}>
          <label>
            Your name
            <input name="displayName" autocomplete="nickname" defaultValue=${user
              .displayName} required />
          </label>
          <label>
            Address of a picture
            <input name="avatarUrl" type="url" placeholder="https://…" defaultValue=${kept
              ? ""
              : user.avatarUrl ?? ""} />
          </label>
        <//>
        ${moderates(chat, user) && html`<p><a href="/admin">Moderation</a></p>`}
        ${attention && html`<${Calls} attention=${attention} />`}
        <${BlockedPeople} chat=${chat} />
      <//>
    `}
  `;
}

/** Whether the page for moderators has something for the user. */
function moderates({ rooms }: Chat, user: User): boolean {
  const isModerator = rooms.value?.some(({ role }) => role === "owner" || role === "moderator");
  return user.role === "admin" || isModerator === true;
}

/** What this browser does when somebody mentions one who is not looking. */
function Calls({ attention }: { attention: Attention }) {
  const { notifications } = attention;
  const isOn = useSignal(notifications.isOn);
  const hasSound = useSignal(attention.hasSound);
  const isRefused = notifications.permission === "denied";
  const notify = async ({ currentTarget }: Event) => {
    const box = currentTarget as HTMLInputElement;
    if (box.checked) isOn.value = await notifications.turnOn();
    else notifications.turnOff();
    isOn.value = box.checked = notifications.isOn;
  };
  const sound = ({ currentTarget }: Event) => {
    hasSound.value = attention.hasSound = (currentTarget as HTMLInputElement).checked;
  };
  return html`
    <fieldset class="options">
      <legend>How you are notified</legend>
      ${notifications.permission !== "unsupported" && html`
        <label><input type="checkbox" name="notifications" checked=${isOn.value}
          disabled=${isRefused} onChange=${notify} /> Show a notification</label>
      `}
      <label><input type="checkbox" name="sound" checked=${hasSound.value} onChange=${sound} />
        Play a sound</label>
      <p class="dialog-note">Each room's menu sets what you are notified of.</p>
      ${isRefused && html`
        <p class="dialog-note">Notifications are blocked in the browser's settings for this page.</p>
      `}
    </fieldset>
  `;
}
