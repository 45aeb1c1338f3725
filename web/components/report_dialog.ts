/** Reports a message to those who moderate the room. */
import { html } from "htm/preact";
import type { ChatMessage } from "../../src/client/mod.ts";
import { reportMessage } from "../../src/client/rest/mod.ts";
import { MAX_COMMENT_LENGTH } from "../../src/protocol/wire/limits.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { Dialog } from "./dialog.ts";
import { Form } from "./form.ts";
import { excerptOf } from "./quote.ts";

const REASONS = ["Spam", "Harassment", "Hate or violence", "Private information", "Something else"];

export interface ReportDialogProps {
  open: OpenRoom;
  message: ChatMessage;
  onClose(): void;
}

export function ReportDialog({ open, message, onClose }: ReportDialogProps) {
  const report = async ({ reason, comment }: Record<string, string>) => {
    const said = { reason: reason!, comment: comment!.trim() || null };
    await reportMessage(open.api, open.room.id, message.id!, said);
    open.notice.say("The message is reported to the moderators.");
    onClose();
  };
  return html`
    <${Dialog} title="Report a message" onClose=${onClose}>
      <blockquote class="reported">
        <b>${message.sender.displayName}</b> ${excerptOf(message)}
      </blockquote>
      <${Form} id="report-form" action="Report" onSubmit=${report}>
        <label>
          What is wrong with it
          <select name="reason">
            ${REASONS.map((reason) => html`<option key=${reason}>${reason}</option>`)}
          </select>
        </label>
        <label>
          What the moderators should know
          <textarea name="comment" rows="3" maxlength=${MAX_COMMENT_LENGTH}></textarea>
        </label>
        <//>
        <p class="dialog-note">
        The moderators get the message as it is now. Its author is not told who reported it.
      </p>
        <//>
  `;
}
