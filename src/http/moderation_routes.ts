/** Reports of messages, and the audit log. */
import { Hono } from "hono";
import type { Dependencies } from "../application/dependencies.ts";
import { closeReport } from "../application/moderation/close_report.ts";
import { listAudit } from "../application/moderation/list_audit.ts";
import { listReports } from "../application/moderation/list_reports.ts";
import { reportMessage } from "../application/moderation/report_message.ts";
import type { ErrorCode } from "../domain/errors.ts";
import { MessagePath } from "../protocol/schemas/message_routes.ts";
import {
  AuditPage,
  AuditQuery,
  NewReport,
  OwnReportAnswer,
  presentAuditEntry,
  presentOwnReport,
  presentReport,
  ReportAnswer,
  ReportClosing,
  ReportPath,
  ReportsPage,
  ReportsQuery,
} from "../protocol/schemas/moderation.ts";
import { AUTH, BODY, describedAs, json, problems } from "./answers.ts";
import { compressedJson } from "./compression.ts";
import type { Env } from "./context.ts";
import { requireUser } from "./guards.ts";
import { jsonBody, path, query, requireJson } from "./input.ts";

const describe = describedAs("moderation");

const LIST: ErrorCode[] = ["validation_failed", "forbidden", "room_not_found", ...AUTH];

export function moderationRoutes(dependencies: Dependencies, isDraining: () => boolean) {
  const signedIn = requireUser(dependencies);
  return new Hono<Env>()
    .post(
      "/rooms/:idOrSlug/messages/:messageId/report",
      describe("Report a message to those who moderate its room", {
        201: json(OwnReportAnswer, "It is reported, as it is now"),
        200: json(OwnReportAnswer, "One had reported it before: nothing changes"),
        ...problems(
          ...BODY,
          "validation_failed",
          "room_not_found",
          "message_not_found",
          "forbidden",
          "message_deleted",
          ...AUTH,
        ),
      }),
      signedIn,
      path(MessagePath),
      requireJson(isDraining),
      jsonBody(NewReport),
      async (c) => {
        const { idOrSlug, messageId } = c.req.valid("param");
        const input = { messageId, ...c.req.valid("json") };
        const { report, isRepeat } = await reportMessage(
          c.get("actor"),
          dependencies,
          idOrSlug,
          input,
        );
        return c.json({ report: presentOwnReport(report) }, isRepeat ? 200 : 201);
      },
    )
    .get(
      "/reports",
      describe("List reports, the last first: of the rooms one moderates, for admins of all", {
        200: json(ReportsPage, "A page; `nextCursor` is null at the end"),
        ...problems(...LIST),
      }),
      signedIn,
      query(ReportsQuery),
      async (c) => {
        const request = c.req.valid("query");
        const { reports, nextCursor } = await listReports(c.get("actor"), dependencies, request);
        return compressedJson(c, { reports: reports.map(presentReport), nextCursor });
      },
    )
    .patch(
      "/reports/:reportId",
      describe("Close a report, or change how it was closed", {
        200: json(ReportAnswer, "The report as it is now"),
        ...problems(...BODY, "validation_failed", "forbidden", "not_found", ...AUTH),
      }),
      signedIn,
      path(ReportPath),
      requireJson(isDraining),
      jsonBody(ReportClosing),
      async (c) => {
        const closing = { ...c.req.valid("param"), ...c.req.valid("json") };
        const report = await closeReport(c.get("actor"), dependencies, closing);
        return c.json({ report: presentReport(report) }, 200);
      },
    )
    .get(
      "/audit",
      describe("List what moderators and admins did, the last first", {
        200: json(AuditPage, "Of a room for its owners; of the server and public rooms for admins"),
        ...problems(...LIST),
      }),
      signedIn,
      query(AuditQuery),
      async (c) => {
        const request = c.req.valid("query");
        const page = await listAudit(c.get("actor"), dependencies, request);
        const entries = page.entries.map((entry) => presentAuditEntry(entry, page.users));
        return compressedJson(c, { entries, nextCursor: page.nextCursor });
      },
    );
}
