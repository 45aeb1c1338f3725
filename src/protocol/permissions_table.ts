/** The table of permissions as Markdown, made from what the server decides by. */
import { type Role, STRANGER } from "../domain/membership.ts";
import { CAPABILITIES, capabilitiesOf } from "../domain/permissions.ts";
import { OPEN_RULES, type RoomType } from "../domain/room.ts";

interface Column {
  title: string;
  type: RoomType;
  role: Role | null;
  isAdmin?: boolean;
}

const COLUMNS: Column[] = [
  { title: "others (public)", type: "public", role: null },
  { title: "member (public)", type: "public", role: "member" },
  { title: "member (private)", type: "private", role: "member" },
  { title: "member (direct)", type: "direct", role: "member" },
  { title: "moderator", type: "private", role: "moderator" },
  { title: "owner", type: "private", role: "owner" },
  { title: "admin (public)", type: "public", role: null, isAdmin: true },
];

/** A line for each capability, a column for each role; of rooms in which nothing is restricted. */
export function permissionsTable(): string {
  const now = new Date();
  const sets = COLUMNS.map(({ type, role, isAdmin }) => {
    return capabilitiesOf({ isAdmin }, { ...OPEN_RULES, type }, { ...STRANGER, role }, now);
  });
  const lines = CAPABILITIES.map((capability) => {
    return line([`\`${capability}\``, ...sets.map((set) => set.has(capability) ? "yes" : "–")]);
  });
  const titles = COLUMNS.map(({ title }) => title);
  return [line(["capability", ...titles]), line(["---", ...titles.map(() => "---")]), ...lines]
    .join("\n");
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
