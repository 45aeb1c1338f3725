/** Reports of messages, and the record of what moderators and admins did. */
import type { AuditEntry, OwnReport, Report, ReportState } from "../../protocol/wire/moderation.ts";
import type { Api } from "../api.ts";
import type { PageQuery } from "./members.ts";
import { pathOf } from "../paths.ts";

/** Which reports are listed. */
export interface ReportsQuery extends PageQuery {
  /** Only those in this state. */
  state?: ReportState;
  /** Only those of this room. */
  roomId?: string;
}

/** Which entries of the audit log are listed. */
export interface AuditQuery extends PageQuery {
  /** Only those of this room. */
  roomId?: string;
  /** Only what this user did. */
  actorId?: string;
  /** Only this action. */
  action?: string;
}

/**
 * `POST /rooms/:id/messages/:messageId/report`: keeps the message as it is now for those who moderate
 * the room; reported again it stays as it was.
 */
export async function reportMessage(
  api: Api,
  roomId: string,
  messageId: string,
  report: { reason: string; comment?: string | null },
): Promise<OwnReport> {
  const path = pathOf("rooms", roomId, "messages", messageId, "report");
  return (await api.request<{ report: OwnReport }>("POST", path, { body: report })).report;
}

/** `DELETE /rooms/:id/messages/:messageId`: others' messages need `message.delete_any`. */
export async function deleteMessage(api: Api, roomId: string, messageId: string): Promise<void> {
  await api.request("DELETE", pathOf("rooms", roomId, "messages", messageId));
}

/** `GET /reports`, the last first: of the rooms that one moderates, for admins of all. */
export function listReports(
  api: Api,
  query: ReportsQuery = {},
): Promise<{ reports: Report[]; nextCursor: string | null }> {
  return api.request("GET", "reports", { query: { ...query } });
}

/** `PATCH /reports/:id` */
export async function closeReport(
  api: Api,
  reportId: string,
  closing: { state: Exclude<ReportState, "open">; note?: string | null },
): Promise<Report> {
  const call = { body: closing };
  return (await api.request<{ report: Report }>("PATCH", pathOf("reports", reportId), call)).report;
}

/** `GET /audit`, the last first. */
export function listAudit(
  api: Api,
  query: AuditQuery = {},
): Promise<{ entries: AuditEntry[]; nextCursor: string | null }> {
  return api.request("GET", "audit", { query: { ...query } });
}
