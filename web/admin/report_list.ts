/** Reports of messages, the last first, and what can be done about each. */
import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useMemo } from "preact/hooks";
import type { Report, ReportState } from "../../src/client/rest/mod.ts";
import { Avatar } from "../components/avatar.ts";
import { Markup } from "../components/markup.ts";
import { Moment } from "../components/moment.ts";
import { Pictures } from "../files/lightbox.ts";
import { MessageFiles } from "../files/message_files.ts";
import type { Desk } from "./desk.ts";
import { addressOf } from "./place.ts";
import { ReportDialog } from "./report_dialog.ts";
import { type ReportAction, Reports } from "./reports.ts";
import { RoomFilter } from "./room_filter.ts";
import { ListEnd, Toolbar } from "./toolbar.ts";

const STATES: Record<ReportState, string> = {
  open: "Open",
  resolved: "Resolved",
  dismissed: "Dismissed",
};

const EMPTY: Record<ReportState, string> = {
  open: "Nothing is waiting for you: messages that members report are listed here.",
  resolved: "No report was resolved in the last 90 days.",
  dismissed: "No report was dismissed in the last 90 days.",
};

const LABELS: Record<ReportAction, string> = {
  resolve: "Resolve",
  dismiss: "Dismiss",
  delete: "Delete message",
  mute: "Mute author",
  ban: "Ban from room",
  banFromServer: "Ban from server",
};

export function ReportList({ desk, room }: { desk: Desk; room: string }) {
  const state = useSignal<ReportState>("open");
  const shown = state.value;
  const reports = useMemo(() => new Reports(desk, shown, room), [desk, shown, room]);
  const { list, asked } = reports;
  return html`
    <${Toolbar} list=${list} onReload=${() => desk.rooms.invalidate()}>
      <div class="choice" role="group" aria-label="Which reports">
        ${Object.entries(STATES).map(([each, label]) =>
          html`
            <button class="quiet" type="button" aria-pressed=${String(each === shown)}
              onClick=${() => state.value = each as ReportState}>${label}</button>
          `
        )}
      </div>
      <${RoomFilter} desk=${desk} section="reports" room=${room} />
      <//>
      <ul class="reports" aria-label=${`${STATES[shown]} reports`}>
      ${list.items.value?.map((report) =>
        html`
          <${ReportCard} key=${report.id} desk=${desk} reports=${reports} report=${report} />
        `
      )}
      </ul>
      <${ListEnd} list=${list}>${EMPTY[shown]}<//>
    ${desk.viewed.value && html`<${Pictures} viewer=${desk} viewed=${desk.viewed.value} />`}
    ${asked.value && html`
      <${ReportDialog} key=${`${asked.value.action} ${asked.value.report.id}`}
        reports=${reports} ...${asked.value} />
    `}
  `;
}

interface CardProps {
  desk: Desk;
  reports: Reports;
  report: Report;
}

function ReportCard({ desk, reports, report }: CardProps) {
  const { message, reporter, reason, comment, createdAt } = report;
  const { sender } = message;
  return html`
    <li class="card report" data-state=${report.state}>
      <article aria-label=${`Message of ${sender.displayName}`}>
        <header>
          <${Avatar} user=${sender} />
          <p>
            <b class="sender">${sender.displayName}</b> in <${RoomName} report=${report} />
            <span class="faint"> · <${Moment} at=${message.createdAt} /></span>
          </p>
        </header>
        <blockquote>
          <${Markup} text=${message.text} names="" ownName="" />
          ${message.attachments.length > 0 && html`
            <${MessageFiles} viewer=${desk} of=${report.id} files=${message.attachments} />
          `}
        </blockquote>
        <p>
          <span class="faint">Reported by ${reporter
            .displayName}, <${Moment} at=${createdAt} />: </span>
          <b class="reason">${reason}</b>
          ${comment && html`<span class="comment"> – ${comment}</span>`}
        </p>
        <${Closed} report=${report} />
        <p class="report-actions">
          ${reports.actionsFor(report).map((action) =>
            html`
              <button class="quiet" type="button" data-action=${action}
                onClick=${() =>
                  void (reports.asked.value = { action, report })}>${LABELS[action]}</button>
            `
          )}
        </p>
      </article>
    </li>
  `;
}

function RoomName({ report: { room } }: { report: Report }) {
  if (!room) return html`<i>a deleted room</i>`;
  const name = room.name || "a direct room";
  return html`<a href=${
    addressOf("reports", room.id)
  } title="Only the reports of this room">${name}</a>`;
}

/** How a report was closed. */
function Closed({ report: { state, note, closedBy, closedAt } }: { report: Report }) {
  if (state === "open" || !closedAt) return null;
  return html`
    <p class="closed">
      ${STATES[state]} by ${closedBy?.displayName ??
        "somebody"}, <${Moment} at=${closedAt} />${note &&
        html`: <span class="note">${note}</span>`}
    </p>
  `;
}
