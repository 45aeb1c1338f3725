/** What the creator of a room sees while nobody else has come: how to bring others. */
import { html } from "htm/preact";
import { signalOf } from "../observed.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { mayInvite } from "../rooms/rights.ts";

export function Invitation({ open }: { open: OpenRoom }) {
  const info = signalOf(open.room.info).value;
  const isAlone = mayInvite(open) && info?.memberCount === 1 && open.people.value.length === 0;
  if (!isAlone || info.archivedAt || !open.hasAddress || open.room.hasOlder.get()) return null;
  if (info.type === "private") {
    return html`
      <div class="invitation">
        <p>Nobody else is here yet, and nobody else can see this room.</p>
        <button type="button" onClick=${() => open.invite()}>Invite people</button>
      </div>
    `;
  }
  return html`
    <div class="invitation">
      <p>Nobody else is here yet: send them a link to this room. They sign up, and are in it.</p>
      <button type="button" onClick=${() => open.commands.copyLink()}>Copy the link</button>
    </div>
  `;
}
