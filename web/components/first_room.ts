/** What is seen on a server without rooms: an invitation to make a room, and to bring others. */
import { html } from "htm/preact";
import { addressOf } from "../address.ts";
import type { Chat } from "../chat.ts";
import { Form } from "./form.ts";

export function FirstRoom({ chat }: { chat: Chat }) {
  const create = async ({ name }: Record<string, string>) => {
    const room = await chat.client.api.createRoom({ name: name! });
    chat.addRoom(room);
    location.hash = addressOf(room.slug);
  };
  return html`
    <section id="no-room" class="card first-room" aria-labelledby="first-room-title">
      <h2 id="first-room-title">Welcome! There is no room yet.</h2>
      <${Form} id="first-room-form" action="Make the room" onSubmit=${create}>
        <label>A name for the first room
          <input name="name" autocomplete="off" defaultValue="General" required />
        </label>
        <//>
        <p class="dialog-note">
        Then bring others: <b>Invite</b> at the top of a room copies its link. Whoever opens it and
        creates an account is in.
      </p>
        </section>
  `;
}
