/** Asks how something is to be done about a report. */
import { html } from "htm/preact";
import type { Banning, Report } from "../../src/client/rest/mod.ts";
import { MAX_COMMENT_LENGTH } from "../../src/protocol/wire/limits.ts";
import { Dialog } from "../components/dialog.ts";
import { Form } from "../components/form.ts";
import { RestrictionForm } from "../components/restriction_form.ts";
import type { ReportAction, Reports } from "./reports.ts";

export interface ReportDialogProps {
  reports: Reports;
  action: ReportAction;
  report: Report;
}

export function ReportDialog({ reports, action, report }: ReportDialogProps) {
  const { displayName } = report.message.sender;
  return html`
    <${Dialog} title=${titleOf(action, displayName)} onClose=${() => reports.asked.value = null}>
      ${contentOf(reports, action, report)}
    <//>
  `;
}

function titleOf(action: ReportAction, name: string): string {
  switch (action) {
    case "resolve":
      return "Resolve the report";
    case "dismiss":
      return "Dismiss the report";
    case "delete":
      return `Delete the message of ${name}`;
    case "mute":
      return `Mute ${name} in the room`;
    case "ban":
      return `Ban ${name} from the room`;
    case "banFromServer":
      return `Ban ${name} from the server`;
  }
}

function contentOf(reports: Reports, action: ReportAction, report: Report) {
  const name = report.message.sender.displayName;
  /** What the form does, and what is said once it is done. */
  const doing =
    (work: (ban: Banning) => Promise<void>, said: string) =>
    async (ban: Banning, { resolves }: Record<string, string>) => {
      await work(ban);
      await reports.finish(report, said, resolves !== undefined);
    };
  const resolving = report.state === "open" && html`<${Resolving} />`;
  switch (action) {
    case "resolve":
      return html`<${Closing} reports=${reports} report=${report} state="resolved" />`;
    case "dismiss":
      return html`<${Closing} reports=${reports} report=${report} state="dismissed" />`;
    case "delete": {
      const remove = doing(() => reports.deleteMessage(report), "The message is deleted.");
      return html`
        <${Form} id="delete-form" action="Delete"
          onSubmit=${(fields: Record<string, string>) => remove({}, fields)}>
          <p class="dialog-note">
            The room shows that there was a message. The report keeps its text until 90 days after it
            was closed.
          </p>
          ${resolving}
        <//>
      `;
    }
    case "mute":
      return html`
        <${RestrictionForm} id="mute-form" action="Mute"
          onSubmit=${doing((mute) => reports.mute(report, mute), `${name} is muted in the room.`)}>
          ${resolving}
        <//>
      `;
    case "ban":
      return html`
        <${RestrictionForm} id="ban-form" action="Ban" deletes=${true}
          onSubmit=${doing((ban) => reports.ban(report, ban), `${name} is banned from the room.`)}>
          ${resolving}
        <//>
      `;
    case "banFromServer":
      return html`
        <${RestrictionForm} id="server-ban-form" action="Ban"
          onSubmit=${doing(
            (ban) => reports.banFromServer(report, ban),
            `${name} is banned from the server.`,
          )}>
          <p class="dialog-note">Their sessions end at once, and they cannot sign in.</p>
          ${resolving}
        <//>
      `;
  }
}

function Resolving() {
  return html`
    <label class="check">
      <input type="checkbox" name="resolves" checked /> Resolve the report as well
    </label>
  `;
}

function Closing({ reports, report, state }: {
  reports: Reports;
  report: Report;
  state: "resolved" | "dismissed";
}) {
  const close = ({ note }: Record<string, string>) => {
    return reports.close(report, state, note!.trim() || null);
  };
  return html`
    <${Form} id="close-form" action=${state === "resolved"
      ? "Resolve"
      : "Dismiss"} onSubmit=${close}>
      <label>
        Note for other moderators, if there is one
        <textarea name="note" rows="3" maxlength=${MAX_COMMENT_LENGTH}></textarea>
      </label>
      <//>
  `;
}
