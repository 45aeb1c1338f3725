/** The rooms as the list shows them: by kind, without those that are hidden. */
import type { RoomSummary } from "../../src/client/mod.ts";
import { compareMoments } from "../dates.ts";

type Listed = Pick<
  RoomSummary,
  | "id"
  | "name"
  | "type"
  | "isMember"
  | "isHidden"
  | "archivedAt"
  | "lastMessageAt"
  | "createdAt"
>;

export interface RoomSections<T> {
  /** The user's public and private rooms, by name. */
  readonly own: readonly T[];
  /** The last active first. */
  readonly directs: readonly T[];
  /** Public rooms to which the user does not belong, by name. */
  readonly others: readonly T[];
  /** Rooms of any kind in which nobody can write any more. */
  readonly archived: readonly T[];
}

/** @param shownId the room on the screen, which is in the list although it is hidden */
export function sectionsOf<T extends Listed>(
  rooms: readonly T[],
  shownId?: string,
): RoomSections<T> {
  const listed = rooms.filter(({ id, isHidden }) => !isHidden || id === shownId);
  const byName = listed.toSorted((a, b) => a.name.localeCompare(b.name));
  const current = byName.filter(({ archivedAt }) => archivedAt === null);
  const joined = current.filter(({ isMember }) => isMember);
  return {
    own: joined.filter(({ type }) => type !== "direct"),
    directs: joined.filter(({ type }) => type === "direct")
      .sort((a, b) => compareMoments(activityOf(b), activityOf(a))),
    others: current.filter(({ isMember }) => !isMember),
    archived: byName.filter(({ archivedAt }) => archivedAt !== null),
  };
}

function activityOf({ lastMessageAt, createdAt }: Listed): string {
  return lastMessageAt ?? createdAt;
}
