/** Marks the newest own message that others have read; in rooms of several it names them. */
import { html } from "htm/preact";
import type { OpenRoom } from "../rooms/open_room.ts";

/** So many are named; the others are counted. */
const MAX_NAMES = 20;

export function Seen({ open }: { open: OpenRoom }) {
  const { audience, userIds } = open.readers;
  // Screen readers should not announce it as if it were said in the room.
  if (audience.value === "one") return html`<p class="seen" aria-live="off">Seen</p>`;
  const text = `Seen by ${userIds.value.length}`;
  const names = namesOf(userIds.value, open);
  // A touch on a button does not move the focus everywhere.
  const focus = (event: Event) => (event.currentTarget as HTMLElement).focus();
  return html`
    <p class="seen" aria-live="off">
      <button type="button" aria-label=${`${text}: ${names}`} onClick=${focus}>${text}</button>
      <span class="names" aria-hidden="true">${names}</span>
    </p>
  `;
}

function namesOf(ids: readonly string[], open: OpenRoom): string {
  const known = ids.map((id) => open.nameOf(id)).filter(Boolean);
  const names = known.sort((a, b) => a.localeCompare(b)).slice(0, MAX_NAMES);
  const others = ids.length - names.length;
  return (others > 0 ? [...names, `${others} more`] : names).join(", ");
}
