/** One's own avatar in the profile: another picture from a file, or none. */
import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useRef } from "preact/hooks";
import type { User } from "../../src/client/mod.ts";
import type { Chat } from "../chat.ts";
import { Avatar } from "../components/avatar.ts";
import { Cropper } from "./cropper.ts";

export function OwnAvatar({ chat, user }: { chat: Chat; user: User }) {
  const input = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const picture = useSignal<ImageBitmap | null>(null);
  const fault = useSignal("");
  const { client } = chat;
  const attempt = async (work: () => Promise<unknown>) => {
    fault.value = "";
    try {
      await work();
      return true;
    } catch (error) {
      fault.value = (error as Error).message;
      return false;
    }
  };
  const choose = async () => {
    const file = input.current!.files![0];
    // The same file can be chosen again.
    input.current!.value = "";
    fault.value = "";
    picture.value = file ? await createImageBitmap(file).catch(() => null) : null;
    if (file && !picture.value) fault.value = "This file is no picture that the browser can show.";
  };
  const end = () => {
    picture.value?.close();
    picture.value = null;
    // It is there again in the next turn.
    queueMicrotask(() => button.current?.focus());
  };
  const save = async (part: Blob) => {
    if (await attempt(() => client.setAvatar(part))) end();
  };
  if (picture.value) {
    return html`
      <${Cropper} picture=${picture.value} onDone=${save} onCancel=${end} />
      <p class="fault" role="alert">${fault.value}</p>
    `;
  }
  return html`
    <div class="own-avatar">
      <${Avatar} user=${user} />
      <p>${user.email}</p>
      <p class="actions-row">
        <button class="quiet" type="button" ref=${button} onClick=${() => input.current!.click()}>
          Choose a picture
        </button>
        ${user.avatarUrl !== null && html`
          <button class="quiet" type="button" onClick=${() =>
            attempt(() => client.setAvatar(null))}>
            Remove it
          </button>
        `}
      </p>
    </div>
    <input type="file" accept="image/*" hidden ref=${input} onChange=${choose}
      aria-label="Picture" />
    <p class="fault" role="alert">${fault.value}</p>
  `;
}
