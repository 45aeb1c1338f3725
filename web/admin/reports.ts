/** Reports of messages, and what moderators do about them. */
import { signal } from "@preact/signals";
import type { Api } from "../../src/client/mod.ts";
import {
  banMember,
  type Banning,
  banUser,
  closeReport,
  deleteMessage,
  listReports,
  muteMember,
  type Report,
  type ReportState,
  type Restricting,
} from "../../src/client/rest/mod.ts";
import type { Desk } from "./desk.ts";
import { PagedList } from "../paged_list.ts";

/** What can be done about a report. */
export type ReportAction = "resolve" | "dismiss" | "delete" | "ban" | "mute" | "banFromServer";

export class Reports {
  readonly list: PagedList<Report>;
  /** What is asked for in a dialog; null while there is none. */
  readonly asked = signal<{ action: ReportAction; report: Report } | null>(null);
  readonly #desk: Desk;
  readonly #api: Api;

  /** @param room the id or slug of the only room whose reports are listed; `""` for all */
  constructor(desk: Desk, state: ReportState, room: string) {
    this.#desk = desk;
    this.#api = desk.client.api;
    this.list = new PagedList(async (page) => {
      const query = { ...page, state, ...(room && { roomId: room }) };
      const { reports, nextCursor } = await listReports(this.#api, query);
      return { items: reports, nextCursor };
    });
  }

  /** What the page offers to do about a report: what the server says that the user may do. */
  actionsFor({ state, room }: Report): ReportAction[] {
    const may = room && this.#desk.rooms.of(room.id)?.capabilities;
    return [
      ...(state === "open" ? ["resolve", "dismiss"] as const : []),
      ...(may?.has("message.delete_any") ? ["delete"] as const : []),
      ...(may?.has("member.mute") ? ["mute"] as const : []),
      ...(may?.has("member.ban") ? ["ban"] as const : []),
      ...(this.#desk.isAdmin ? ["banFromServer"] as const : []),
    ];
  }

  /** Closes a report. */
  async close(
    report: Report,
    state: Exclude<ReportState, "open">,
    note: string | null,
  ): Promise<void> {
    await closeReport(this.#api, report.id, { state, note });
    this.#done(
      report,
      state === "resolved" ? "The report is resolved." : "The report is dismissed.",
    );
  }

  /** Deletes the message that a report is about, in its room. */
  async deleteMessage({ roomId, message }: Report): Promise<void> {
    await deleteMessage(this.#api, roomId, message.id);
  }

  /** Bans its author from the room. */
  async ban({ roomId, message: { sender } }: Report, ban: Banning): Promise<void> {
    await banMember(this.#api, roomId, sender.id, ban);
  }

  /** Mutes its author in the room. */
  async mute({ roomId, message: { sender } }: Report, mute: Restricting): Promise<void> {
    await muteMember(this.#api, roomId, sender.id, mute);
  }

  /** Bans its author from the server. */
  async banFromServer({ message: { sender } }: Report, ban: Restricting): Promise<void> {
    await banUser(this.#api, sender.id, ban);
  }

  /** What is to be done has been done: says so, and resolves the report with it if that is wanted. */
  async finish(report: Report, text: string, resolves: boolean): Promise<void> {
    if (resolves) await closeReport(this.#api, report.id, { state: "resolved" });
    this.#done(report, text);
  }

  #done({ id }: Report, text: string): void {
    // Another dialog may have been opened meanwhile.
    if (this.asked.value?.report.id === id) this.asked.value = null;
    this.#desk.notice.say(text);
    void this.list.reload();
  }
}
