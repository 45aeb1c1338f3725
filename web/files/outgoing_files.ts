/** The files of an own message that are on their way to the server, and how far they are. */
import { html } from "htm/preact";
import type { ChatMessage } from "../../src/client/mod.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { describeSize } from "./media.ts";
import { Preview } from "./preview.ts";

export function OutgoingFiles({ open, message }: { open: OpenRoom; message: ChatMessage }) {
  const { files = [], state } = message;
  const isUnderWay = state === "queued" || state === "sending";
  const cancel = () => open.room.delete(message).catch(open.notice.sayError);
  return html`
    <ul class="tray" aria-label="Files on their way">
      ${files.map(({ name, size, sent, blob }, i) =>
        html`
          <li key=${i}>
            <${Preview} content=${blob} />
            <p>
              <span class="file-name" dir="auto" title=${name}>${name}</span>
              ${isUnderWay
                ? html`<progress max=${
                  size || 1
                } value=${sent} aria-label=${`Uploading ${name}`} />`
                : html`<small>${describeSize(size)}</small>`}
            </p>
          </li>
        `
      )}
      ${isUnderWay && html`
        <li class="cancel">
          <button class="quiet" type="button" onClick=${cancel}>Cancel</button>
        </li>
      `}
    </ul>
  `;
}
