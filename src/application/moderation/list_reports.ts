/** Lists reports for those who moderate, page by page. */
import pLimit from "p-limit";
import type { Actor } from "../../domain/actor.ts";
import { hasCode, isRefusal, roomNotFound } from "../../domain/errors.ts";
import type { Report, ReportState } from "../../domain/report.ts";
import type { NewRoom } from "../../domain/room.ts";
import type { PublicUser } from "../../domain/user.ts";
import { decodeId, pageOf } from "../../services/cursors.ts";
import { forbidden, requireCapability } from "../../services/room_access.ts";
import type { Dependencies } from "../dependencies.ts";

/** Rooms of a moderator whose reports are listed together. */
const MAX_ROOMS = 1_000;
/** Rooms of a page that are read at once. */
const READS_AT_ONCE = 10;

export interface ReportsRequest {
  state?: ReportState | undefined;
  /** Id or slug. */
  roomId?: string | undefined;
  /** 1 to 100. */
  limit: number;
  /** `nextCursor` of the page before. */
  cursor?: string | undefined;
}

/** A report with whom and what it names. */
export interface ReportView {
  report: Report;
  /** Null if it was deleted. */
  room: Pick<NewRoom, "id" | "name" | "slug" | "type"> | null;
  reporter: PublicUser;
  closedBy: PublicUser | null;
}

type ReportDependencies = Pick<Dependencies, "access" | "publicUsers" | "store">;

/**
 * The last reports first: of the rooms that the actor moderates, or of all for admins.
 * @throws ChatError `validation_failed` for an invalid cursor, `room_not_found`; `forbidden` for who
 *   moderates nothing
 */
export async function listReports(
  actor: Actor,
  dependencies: ReportDependencies,
  { state, roomId, limit, cursor }: ReportsRequest,
): Promise<{ reports: ReportView[]; nextCursor: string | null }> {
  const before = decodeId(cursor);
  const { store } = dependencies;
  const roomIds = await roomsOf(actor, dependencies, roomId);
  const found = await store.reports.list({ state, roomIds }, limit + 1, before);
  const { items, nextCursor } = pageOf(found, limit, ({ id }) => [id]);
  const readable = actor.isAdmin ? items : await onlyModerated(actor, dependencies, items);
  return { reports: await viewReports(dependencies, readable), nextCursor };
}

/** Reports with whom and what they name. */
export async function viewReports(
  { publicUsers, store }: Pick<Dependencies, "publicUsers" | "store">,
  reports: readonly Report[],
): Promise<ReportView[]> {
  const userIds = reports.flatMap(({ reporterId, closedById }) => [reporterId, closedById ?? []]);
  const roomIds = new Set(reports.map(({ roomId }) => roomId));
  const [users, rooms] = await Promise.all([
    publicUsers.find([...new Set(userIds.flat())]).then(byId),
    store.rooms.describeAll([...roomIds]).then(byId),
  ]);
  const user = (id: string) => users.get(id) ?? { id, displayName: "", avatarUrl: null };
  return reports.map((report) => ({
    report,
    room: rooms.get(report.roomId) ?? null,
    reporter: user(report.reporterId),
    closedBy: report.closedById === null ? null : user(report.closedById),
  }));
}

function byId<T extends { id: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}

/** Whose reports are listed; undefined for all rooms. */
async function roomsOf(
  actor: Actor,
  { access, store }: ReportDependencies,
  idOrSlug: string | undefined,
): Promise<string[] | undefined> {
  if (idOrSlug === undefined) {
    if (actor.isAdmin) return undefined;
    const moderated = await store.members.moderated(actor.userId, MAX_ROOMS);
    if (moderated.length === 0) throw forbidden();
    return moderated;
  }
  try {
    const room = await access.find(actor, idOrSlug);
    requireCapability(await access.confirm(actor, room), "report.read");
    return [room.roomId];
  } catch (error) {
    const isHidden = hasCode(error, "room_not_found");
    if (!isHidden || !actor.isAdmin) throw error;
    return [await hiddenRoom({ store }, idOrSlug)];
  }
}

/** Admins know a private or deleted room by its reports alone. */
async function hiddenRoom(
  { store }: Pick<ReportDependencies, "store">,
  idOrSlug: string,
): Promise<string> {
  const id = (await store.rooms.describe(idOrSlug))?.id ?? idOrSlug;
  const [report] = await store.reports.list({ roomIds: [id] }, 1);
  if (!report) throw roomNotFound();
  return id;
}

/** What the actor was a moderator of may have changed meanwhile. */
async function onlyModerated(
  actor: Actor,
  { access }: Pick<ReportDependencies, "access">,
  reports: readonly Report[],
): Promise<Report[]> {
  const ids = [...new Set(reports.map(({ roomId }) => roomId))];
  const accesses = await pLimit(READS_AT_ONCE).map(ids, (roomId) => {
    return access.confirm(actor, { roomId }).catch(ifRefused);
  });
  const allowed = new Set(
    accesses.flatMap((room) => room?.capabilities.has("report.read") ? [room.roomId] : []),
  );
  return reports.filter(({ roomId }) => allowed.has(roomId));
}

function ifRefused(error: unknown): null {
  if (isRefusal(error)) return null;
  throw error;
}
