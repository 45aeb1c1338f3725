/** Who types. */
import { html } from "htm/preact";
import type { Room } from "../../src/client/mod.ts";
import { signalOf } from "../observed.ts";

export function Typing({ room }: { room: Room }) {
  const names = signalOf(room.typing).value.map(({ displayName }) => displayName);
  const who = names.length > 3 ? `${names.length} people` : names.join(", ");
  const verb = names.length === 1 ? "is" : "are";
  return html`
    <p class="typing" aria-live="polite">${names.length > 0 && `${who} ${verb} typing…`}</p>
  `;
}
