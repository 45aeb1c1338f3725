/** Reports, in a collection from which the server sweeps those closed long ago. */
import type { Collection, Document } from "mongodb";
import { type Closing, type Report, REPORT_KEPT_MS } from "../../../domain/report.ts";
import type { ReportFilter, ReportStore } from "../../../ports/store/reports.ts";
import { formatMessage, parseMessage } from "../message_copy.ts";
import type { Collections, ReadOptions } from "./collections.ts";
import type { ReportDocument } from "./documents.ts";
import { isDuplicateKey } from "./errors.ts";
import type { Operations } from "./operations.ts";

export class MongoReports implements ReportStore {
  readonly #reports: Collection<ReportDocument>;
  readonly #readOptions: ReadOptions;
  readonly #operations: Operations;

  constructor({ reports, readOptions }: Collections, operations: Operations) {
    this.#reports = reports;
    this.#readOptions = readOptions;
    this.#operations = operations;
  }

  create(report: Report): Promise<Report> {
    return this.#operations.run(async () => {
      const document = fromReport(report);
      const { messageId, reporterId } = document;
      for (;;) {
        try {
          await this.#reports.insertOne(document);
          return report;
        } catch (error) {
          if (!isDuplicateKey(error)) throw error;
        }
        const earlier = await this.#reports.findOne({ messageId, reporterId });
        if (earlier && isKept(earlier)) return toReport(earlier);
        // The server sweeps about once a minute.
        if (earlier) await this.#reports.deleteOne({ _id: earlier._id, ...notKept() });
      }
    });
  }

  find(id: string): Promise<Report | null> {
    return this.#operations.run(async () => {
      const report = await this.#reports.findOne({ _id: id });
      return report && isKept(report) ? toReport(report) : null;
    });
  }

  list({ state, roomIds }: ReportFilter, limit: number, before?: string): Promise<Report[]> {
    const match: Document = {
      $nor: [notKept()],
      ...(before !== undefined && { _id: { $lt: before } }),
      ...(state !== undefined && { state }),
      ...(roomIds !== undefined && { roomId: { $in: [...roomIds] } }),
    };
    return this.#operations.run(async () => {
      const reports = await this.#reports.find(match, this.#readOptions)
        .sort({ _id: -1 }).limit(limit).toArray();
      return reports.map(toReport);
    });
  }

  haveFile(fileId: string): Promise<boolean> {
    return this.#operations.run(() => hasReport(this.#reports, fileId));
  }

  close(id: string, closing: Closing): Promise<Report | null> {
    return this.#operations.run(async () => {
      const report = await this.#reports.findOneAndUpdate(
        { _id: id, $nor: [notKept()] },
        { $set: closing },
        { returnDocument: "after" },
      );
      return report && toReport(report);
    });
  }
}

/** Whether a report that is kept has a file. */
export async function hasReport(
  reports: Collection<ReportDocument>,
  fileId: string,
): Promise<boolean> {
  return await reports.findOne({ fileIds: fileId, $nor: [notKept()] }) !== null;
}

function earliestClosing(): Date {
  return new Date(Date.now() - REPORT_KEPT_MS);
}

/** Matches reports that were closed too long ago. */
function notKept(): Document {
  return { closedAt: { $lte: earliestClosing() } };
}

function isKept({ closedAt }: ReportDocument): boolean {
  return closedAt === null || closedAt > earliestClosing();
}

function fromReport({ id, message, ...fields }: Report): ReportDocument {
  const fileIds = message.attachments.map((file) => file.id);
  return {
    _id: id,
    ...fields,
    messageId: message.id,
    message: formatMessage(message),
    ...(fileIds.length > 0 && { fileIds }),
  };
}

function toReport({ _id, messageId: _, fileIds: __, message, ...fields }: ReportDocument): Report {
  return { id: _id, ...fields, message: parseMessage(message) };
}
