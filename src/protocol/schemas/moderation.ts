/** Reports and the audit log: what clients send about them, and what the server shows. */
import { z } from "zod";
import { AUDIT_ACTIONS, type AuditEntry as DomainEntry } from "../../domain/audit.ts";
import { type Report as DomainReport, REPORT_STATES } from "../../domain/report.ts";
import type { Room } from "../../domain/room.ts";
import { type PublicUser as DomainUser, publicUser } from "../../domain/user.ts";
import { MAX_ID_LENGTH } from "../wire/limits.ts";
import type * as wire from "../wire/moderation.ts";
import { Comment, Id, Limit, PageCursor, Reason, RoomReference, Time, UserId } from "./fields.ts";
import { Message, presentMessage } from "./messages.ts";
import { PublicUser } from "./users.ts";

export const NewReport = z.object({
  reason: Reason,
  comment: Comment.nullable().default(null),
}).meta({ id: "NewReport" });

export const OwnReport = z.object({
  id: Id,
  roomId: Id,
  messageId: Id,
  reason: z.string(),
  comment: z.string().nullable(),
  state: z.enum(REPORT_STATES),
  createdAt: Time,
}).meta({ id: "OwnReport" }) satisfies z.ZodType<wire.OwnReport>;

export const OwnReportAnswer = z.object({ report: OwnReport });

export const Report = OwnReport.omit({ messageId: true }).extend({
  room: z.object({
    id: Id,
    name: z.string(),
    slug: z.string(),
    type: z.enum(["public", "private", "direct"]),
  }).nullable().meta({ description: "null if it was deleted" }),
  message: Message.meta({ description: "as it was when it was reported" }),
  reporter: PublicUser,
  note: z.string().nullable(),
  closedBy: PublicUser.nullable(),
  closedAt: Time.nullable(),
}).meta({ id: "Report" }) satisfies z.ZodType<wire.Report>;

export const ReportAnswer = z.object({ report: Report });

export const ReportsQuery = z.object({
  state: z.enum(REPORT_STATES).optional(),
  roomId: RoomReference.optional(),
  limit: Limit,
  cursor: PageCursor.optional(),
});

export const ReportsPage = z.object({
  reports: z.array(Report),
  nextCursor: z.string().nullable(),
});

export const ReportPath = z.object({ reportId: z.string().min(1).max(MAX_ID_LENGTH) });

export const ReportClosing = z.object({
  state: z.enum(["resolved", "dismissed"]),
  note: Comment.nullable().default(null),
}).meta({ id: "ReportClosing" });

export const AuditQuery = z.object({
  roomId: RoomReference.optional(),
  actorId: UserId.optional(),
  action: z.enum(AUDIT_ACTIONS).optional(),
  limit: Limit,
  cursor: PageCursor.optional(),
});

export const AuditEntry = z.object({
  id: Id,
  action: z.enum(AUDIT_ACTIONS),
  actor: PublicUser.nullable().meta({ description: "null for the operator of the server" }),
  roomId: Id.nullable(),
  users: z.array(PublicUser).meta({ description: "whom it concerns" }),
  data: z.record(z.string(), z.unknown()).meta({ description: "what else it says, by action" }),
  createdAt: Time,
}).meta({ id: "AuditEntry" }) satisfies z.ZodType<wire.AuditEntry>;

export const AuditPage = z.object({
  entries: z.array(AuditEntry),
  nextCursor: z.string().nullable(),
});

/** A report as its reporter sees it. */
export function presentOwnReport(report: DomainReport): wire.OwnReport {
  const { id, roomId, message, reason, comment, state, createdAt } = report;
  return {
    id,
    roomId,
    messageId: message.id,
    reason,
    comment,
    state,
    createdAt: createdAt.toISOString(),
  };
}

interface ReportView {
  report: DomainReport;
  room: Pick<Room, "id" | "name" | "slug" | "type"> | null;
  reporter: DomainUser;
  closedBy: DomainUser | null;
}

/** A report as moderators see it. */
export function presentReport({ report, room, reporter, closedBy }: ReportView): wire.Report {
  const { messageId: _, ...own } = presentOwnReport(report);
  return {
    ...own,
    room: room && { id: room.id, name: room.name, slug: room.slug, type: room.type },
    message: presentMessage(report.message),
    reporter: publicUser(reporter),
    note: report.note,
    closedBy: closedBy && publicUser(closedBy),
    closedAt: report.closedAt && report.closedAt.toISOString(),
  };
}

/** @param users those whom the entry names; who is missing is shown without a name */
export function presentAuditEntry(
  { id, action, actorId, roomId, userIds, data, createdAt }: DomainEntry,
  users: ReadonlyMap<string, DomainUser>,
): wire.AuditEntry {
  const user = (id: string) =>
    publicUser(users.get(id) ?? { id, displayName: "", avatarUrl: null });
  return {
    id,
    action,
    actor: actorId === null ? null : user(actorId),
    roomId,
    users: userIds.map(user),
    data,
    createdAt: createdAt.toISOString(),
  };
}
