/** What the creator of a room sees while nobody else has come: how to bring others. */
import { html } from "htm/preact";
import type { OpenRoom } from "../open_room.ts";

export function Invitation({ open }: { open: OpenRoom }) {
  const isAlone = open.may("member.invite") && open.people.value.length === 0;
  if (!isAlone || !open.hasAddress || open.room.hasOlder.get()) return null;
  return html`
    <div class="invitation">
      <p>Nobody else is here yet: send them a link to this room. They sign up, and are in it.</p>
      <button type="button" onClick=${() => open.commands.copyLink()}>Copy the link</button>
    </div>
  `;
}
