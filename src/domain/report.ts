/** A user's report of a message to those who moderate its room. */
import type { Message } from "./message.ts";

export const REPORT_STATES = ["open", "resolved", "dismissed"] as const;

export type ReportState = typeof REPORT_STATES[number];

/** How a report is closed. */
export type ClosedState = Exclude<ReportState, "open">;

export interface Report {
  id: string;
  roomId: string;
  reporterId: string;
  /** The message as it was when it was reported. */
  message: Message;
  reason: string;
  comment: string | null;
  state: ReportState;
  /** Of who closed it. */
  note: string | null;
  /** Null while it is open, as is `closedAt`. */
  closedById: string | null;
  closedAt: Date | null;
  createdAt: Date;
}

/** How a report ends. */
export interface Closing {
  state: ClosedState;
  note: string | null;
  closedById: string;
  closedAt: Date;
}

/** How long a report is kept after it was closed, in milliseconds: 90 days. */
export const REPORT_KEPT_MS = 90 * 24 * 60 * 60_000;
