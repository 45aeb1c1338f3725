/** The port of reports. */
import type { Closing, Report, ReportState } from "../../domain/report.ts";

/**
 * See {@linkcode Store} for the guarantees of every method. 90 days after it was closed a report is
 * gone, with its copy of the message; until then the message's files are kept, see `FileStore`.
 */
export interface ReportStore {
  /** Adds a report. Returns the one that its reporter has made of the message before, if there is one. */
  create(report: Report): Promise<Report>;
  find(id: string): Promise<Report | null>;
  /**
   * The last reports, by id.
   * @param before the id of the last report of the page before
   */
  list(filter: ReportFilter, limit: number, before?: string): Promise<Report[]>;
  /** Whether a report is there of a message that had this file. */
  haveFile(fileId: string): Promise<boolean>;
  /** Closes a report, or changes how it was closed; null if there is none. */
  close(id: string, closing: Closing): Promise<Report | null>;
}

/** Which reports are listed. */
export interface ReportFilter {
  state?: ReportState | undefined;
  /** Those of these rooms. */
  roomIds?: readonly string[] | undefined;
}
