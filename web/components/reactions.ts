/** The reactions to a message, each a button that adds the user's own or takes it back. */
import { html } from "htm/preact";
import type { ChatMessage } from "../../src/client/mod.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { presented } from "../text/emoji.ts";

export function Reactions({ open, message }: { open: OpenRoom; message: ChatMessage }) {
  const { reactions, ownReactions } = message;
  if (reactions.length === 0) return null;
  return html`
    <ul class="reactions" aria-label="Reactions">
      ${reactions.map(({ emoji, count, users }) => {
        const isOwn = ownReactions.includes(emoji);
        const names = users.map((id) => open.nameOf(id)).filter(Boolean);
        const others = count - names.length;
        const who = others > 0 ? [...names, `${others} more`] : names;
        return html`
          <li key=${emoji}>
            <button type="button" aria-pressed=${String(isOwn)} title=${who.join(", ")}
              aria-label=${`${presented(emoji)}, ${count}`}
              disabled=${!open.may("message.react")}
              onClick=${() => open.commands.toggleReaction(message, emoji)}>
              <span class="emoji">${presented(emoji)}</span> ${count}
            </button>
          </li>
        `;
      })}
    </ul>
  `;
}
