/** The files of an own message that are on their way to the server, and how far they are. */
import { html } from "htm/preact";
import type { ChatMessage } from "../../src/client/mod.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import type { Written } from "./attach.ts";
import { describeSize } from "./media.ts";
import { Preview } from "./preview.ts";

interface OutgoingFilesProps {
  open: OpenRoom;
  message: ChatMessage;
  /** Where the text goes when the upload is cancelled; the room's composer if not given. */
  written?: Written | null;
}

export function OutgoingFiles({ open, message, written }: OutgoingFilesProps) {
  const { files = [], state } = message;
  const isUnderWay = state === "queued" || state === "sending";
  const cancel = () => {
    open.room.delete(message).catch(open.notice.sayError);
    putBack(open, message, written);
  };
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

/** Gives the text back to who has written it, unless they have begun another. */
function putBack(open: OpenRoom, { text, replyTo }: ChatMessage, written?: Written | null): void {
  const input = (written ?? open.composer).input.current;
  if (!input || input.value) return;
  const answered = replyTo !== null && open.room.find(replyTo);
  if (answered && !written) open.commands.answer(answered);
  input.value = text;
  // As if it had been typed: it is a draft from now on.
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.focus();
}
