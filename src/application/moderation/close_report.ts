/** Closes a report. */
import type { Actor } from "../../domain/actor.ts";
import { ChatError, hasCode } from "../../domain/errors.ts";
import type { ClosedState } from "../../domain/report.ts";
import { recordAction } from "../../services/audit.ts";
import type { Dependencies } from "../dependencies.ts";
import { type ReportView, viewReports } from "./list_reports.ts";
import { requireModerator } from "./require_moderator.ts";

export interface ReportClosing {
  reportId: string;
  state: ClosedState;
  note: string | null;
}

type CloseDependencies = Pick<Dependencies, "access" | "publicUsers" | "store">;

/**
 * Closes a report, or changes how it was closed.
 * @throws ChatError `not_found`; `forbidden` for who does not moderate its room
 */
export async function closeReport(
  actor: Actor,
  dependencies: CloseDependencies,
  { reportId, state, note }: ReportClosing,
): Promise<ReportView> {
  const { store } = dependencies;
  const report = await store.reports.find(reportId);
  if (!report) throw reportNotFound();
  await requireModerator(actor, dependencies, report.roomId).catch(ifHidden);
  const closing = { state, note, closedById: actor.userId, closedAt: new Date() };
  const closed = await store.reports.close(reportId, closing);
  if (!closed) throw reportNotFound();
  const { roomId, message } = closed;
  await recordAction(dependencies, actor, `report_${state}`, {
    roomId,
    userIds: [message.sender.id],
    data: { reportId, messageId: message.id, ...(note !== null && { note }) },
  });
  const [view] = await viewReports(dependencies, [closed]);
  return view!;
}

/** A room that is hidden from the actor has no reports for them. */
function ifHidden(error: unknown): never {
  throw hasCode(error, "room_not_found") ? reportNotFound() : error;
}

function reportNotFound(): ChatError {
  return new ChatError("not_found", "There is no report with that id.");
}
