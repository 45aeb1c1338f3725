/** What an invitation's link leads to: the room it is for, and joining it. */
import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import type { EchoRoomError } from "../../src/client/mod.ts";
import {
  type InvitedRoom,
  readInvitation,
  useInvitation as acceptInvitation,
} from "../../src/client/rest/mod.ts";
import { addressOf } from "../address.ts";
import type { Chat } from "../chat.ts";

export function Invited({ chat, code }: { chat: Chat; code: string }) {
  const [room, fault] = [
    useSignal<InvitedRoom | null>(null),
    useSignal<EchoRoomError | null>(null),
  ];
  const read = () => {
    fault.value = null;
    readInvitation(chat.client.api, code).then(
      (found) => room.value = found,
      (error) => fault.value = error,
    );
  };
  useEffect(read, [code]);
  const join = async () => {
    try {
      const { slug, ...joined } = await acceptInvitation(chat.client.api, code);
      chat.addRoom({ slug, ...joined });
      // Not a step that the back button returns to.
      location.replace(addressOf(slug));
    } catch (error) {
      fault.value = error as EchoRoomError;
    }
  };
  if (fault.value?.code === "invitation_not_found") return html`<${DeadInvitation} />`;
  return html`
    <section class="dead-end invited" aria-labelledby="invited-title">
      ${room.value && html`
        <h2 id="invited-title">You are invited to ${room.value.name}</h2>
        <p>${describe(room.value)}</p>
      `}
      <p class="fault" role="alert">${fault.value?.message}</p>
      ${room.value
        ? html`<button type="button" onClick=${join}>Join</button>`
        : fault.value && html`<button type="button" onClick=${read}>Try again</button>`}
      <a href="#/">Not now</a>
    </section>
  `;
}

function DeadInvitation() {
  return html`
    <section class="dead-end" role="status">
      <h2>This invitation does not work</h2>
      <p>
        The link may be mistyped, or the invitation was used up, has expired or was revoked. Ask for
        another one.
      </p>
      <a class="button" href="#/">Go to the rooms</a>
    </section>
  `;
}

function describe({ type, memberCount }: InvitedRoom): string {
  const members = memberCount === 1 ? "1 member" : `${memberCount} members`;
  return type === "private" ? `A private room with ${members}` : `A room with ${members}`;
}
