/** Reports in the embedded database. */
import {
  type Closing,
  type Report,
  REPORT_KEPT_MS,
  type ReportState,
} from "../../../domain/report.ts";
import type { ReportFilter } from "../../../ports/store/reports.ts";
import { formatMessage, parseMessage } from "../message_copy.ts";
import { type Row, toDate } from "./rows.ts";
import type { Statements } from "./statements.ts";

/** Matches reports that have not been closed for too long; `:closed` is the earliest closing. */
const IS_KEPT = "(closed_at IS NULL OR closed_at > :closed)";

/** Whether a report that is kept has a file; `id` is its id in SQL. */
export function hasReport(id: string): string {
  return `EXISTS (SELECT 1 FROM report_files x JOIN reports p ON p.id = x.report
    WHERE x.file = ${id} AND (p.closed_at IS NULL
      OR p.closed_at > unixepoch('subsec') * 1000 - ${REPORT_KEPT_MS}))`;
}

/** The methods of the `ReportStore` port without the promises; see there for what each guarantees. */
export class SqliteReports {
  readonly #sql: Statements;
  readonly #onDeletion: () => void;

  /** @param onDeletion is called when a report is deleted, before the commit */
  constructor(statements: Statements, onDeletion: () => void) {
    this.#sql = statements;
    this.#onDeletion = onDeletion;
  }

  create(report: Report): Report {
    this.sweep();
    this.#sql.prepare(
      `INSERT INTO reports (id, room, reporter, message_id, message, reason, comment, state, note,
         closed_by, closed_at, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ).run(
      report.id,
      report.roomId,
      report.reporterId,
      report.message.id,
      formatMessage(report.message),
      report.reason,
      report.comment,
      report.state,
      report.note,
      report.closedById,
      report.closedAt?.getTime() ?? null,
      report.createdAt.getTime(),
    );
    const row = this.#sql.prepare("SELECT * FROM reports WHERE message_id = ? AND reporter = ?")
      .get(report.message.id, report.reporterId);
    if (row!.id === report.id) this.#addFiles(report);
    return toReport(row!);
  }

  find(id: string): Report | null {
    const row = this.#sql.prepare(`SELECT * FROM reports WHERE id = :id AND ${IS_KEPT}`)
      .get({ id, closed: earliestClosing() });
    return row ? toReport(row) : null;
  }

  list({ state, roomIds }: ReportFilter, limit: number, before?: string): Report[] {
    const conditions = [
      IS_KEPT,
      ...(before === undefined ? [] : ["id < :before"]),
      ...(state === undefined ? [] : ["state = :state"]),
      ...(roomIds === undefined ? [] : ["room IN (SELECT value FROM json_each(:rooms))"]),
    ];
    return this.#sql.prepare(
      `SELECT * FROM reports WHERE ${conditions.join(" AND ")} ORDER BY id DESC LIMIT :limit`,
    ).all({
      limit,
      closed: earliestClosing(),
      ...(before !== undefined && { before }),
      ...(state !== undefined && { state }),
      ...(roomIds !== undefined && { rooms: JSON.stringify(roomIds) }),
    }).map(toReport);
  }

  haveFile(fileId: string): boolean {
    return this.#sql.prepare(`SELECT ${hasReport("?")} AS found`).get(fileId)?.found === 1;
  }

  close(id: string, { state, note, closedById, closedAt }: Closing): Report | null {
    if (!this.find(id)) return null;
    const row = this.#sql.prepare(
      "UPDATE reports SET state = ?, note = ?, closed_by = ?, closed_at = ? WHERE id = ? RETURNING *",
    ).get(state, note, closedById, closedAt.getTime(), id);
    return toReport(row!);
  }

  #addFiles({ id, message }: Report): void {
    for (const { id: fileId } of message.attachments) {
      this.#sql.prepare("INSERT OR IGNORE INTO report_files (file, report) VALUES (?, ?)")
        .run(fileId, id);
    }
  }

  /** Deletes what is not kept any longer. */
  sweep(): void {
    const { changes } = this.#sql.prepare("DELETE FROM reports WHERE closed_at <= ?")
      .run(earliestClosing());
    if (changes !== 0) this.#onDeletion();
  }
}

function earliestClosing(): number {
  return Date.now() - REPORT_KEPT_MS;
}

function toReport(row: Row): Report {
  return {
    id: String(row.id),
    roomId: String(row.room),
    reporterId: String(row.reporter),
    message: parseMessage(String(row.message)),
    reason: String(row.reason),
    comment: row.comment as string | null,
    state: row.state as ReportState,
    note: row.note as string | null,
    closedById: row.closed_by as string | null,
    closedAt: row.closed_at === null ? null : toDate(row.closed_at),
    createdAt: toDate(row.created_at),
  };
}
