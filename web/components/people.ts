/** Who is in the room now. */
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import type { Room } from "../../src/client/mod.ts";
import { signalOf } from "../observed.ts";
import { PersonAvatar, PersonName } from "./person_card.ts";

/** Whether there is space for a column of online users. */
const WIDE = matchMedia("(min-width: 60rem)");

export function People({ room }: { room: Room }) {
  const [isOpen, setOpen] = useState(WIDE.matches);
  useEffect(() => {
    const fold = () => setOpen(WIDE.matches);
    WIDE.addEventListener("change", fold);
    return () => WIDE.removeEventListener("change", fold);
  }, []);
  const { count, users } = signalOf(room.online).value;
  return html`
    <details class="online" open=${isOpen} onToggle=${(event: Event) => {
      setOpen((event.currentTarget as HTMLDetailsElement).open);
    }}>
      <summary>${count === null ? "Online" : `${count} online`}</summary>
      <ul>
        ${users.map((user) =>
          html`
            <li key=${user.id}>
              <${PersonAvatar} user=${user} />
              <${PersonName} user=${user} />
            </li>
          `
        )}
      </ul>
    </details>
  `;
}
