/**
 * Measures what growth costs: `deno task bench:growth [--changes | --members | --search] [--length N]
 * [--mongodb-length N] [--results FOLDER]`, see `bench/README.md`. Writes `growth.md` and `growth.svg`
 * into `bench/results`, or, of messages that change, `growth_of_changes.md` and `.svg`, or, of members,
 * `growth_of_members.md` and `.svg`, or, of search, `growth_of_search.md` and `.svg`.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { connect } from "../../src/adapters/store/mongodb/connection.ts";
import { MongoStore } from "../../src/adapters/store/mongodb/store.ts";
import { SqliteStore } from "../../src/adapters/store/sqlite/store.ts";
import { newId } from "../../src/domain/id.ts";
import { OPEN_SETTINGS } from "../../src/domain/room.ts";
import type { User } from "../../src/domain/user.ts";
import type { Store } from "../../src/ports/store/store.ts";
import { findDatabase } from "../database.ts";
import { measureEdits, measureReactions } from "./change_rates.ts";
import { measureChangedRoom } from "./changed_room.ts";
import { draft, measureLogLengths, type Point } from "./log_length.ts";
import { explainMongodb, explainSqlite, type Plan } from "./plans.ts";
import { measureMemberLists } from "./members.ts";
import { type Chart, drawGrowth } from "./plot.ts";
import { measureAppends, measureOpenRooms } from "./rooms.ts";
import { measureSearches } from "./search.ts";

const FIRST_LENGTH = 1_000;
const FIRST_MEMBERS = 100;
const APPEND_ROOMS = [1, 10, 100, 1_000];
const OPEN_ROOMS = [10, 100, 1_000, 10_000];
const LISTED_ROOMS = 200;
const ROOMS_AT_ONCE = 50;
const CHANGES_ROOMS = 60;
const EDITS_AT_ONCE = [1, 8, 64];
const SEARCHED_ROOMS = 100;
const REACTING_USERS = [10, 100, 1_000];

/** Users and rooms for all measurements. */
interface World {
  rooms: string[];
  creator: User;
  reader: User;
}

/** What was measured on one store. */
interface Growth {
  charts: Chart[];
  plans: Plan[];
}

const { values } = parseArgs({
  options: {
    changes: { type: "boolean", default: false },
    members: { type: "boolean", default: false },
    search: { type: "boolean", default: false },
    length: { type: "string" },
    "mongodb-length": { type: "string" },
    results: { type: "string", default: join(import.meta.dirname!, "../results") },
  },
});

/** What is measured, and up to which length on each store. */
const REPORTS = {
  growth: {
    title: "What growth costs",
    measure: measureStore,
    flags: "",
    rooms: APPEND_ROOMS.at(-1)! + 1,
    lengths: { sqlite: 1_000_000, mongodb: 1_000_000 },
  },
  growth_of_changes: {
    title: "What changes cost",
    measure: measureChanges,
    flags: " --changes",
    rooms: CHANGES_ROOMS,
    lengths: { sqlite: 1_000_000, mongodb: 10_000 },
  },
  growth_of_members: {
    title: "What members cost",
    measure: measureMembers,
    flags: " --members",
    rooms: 1,
    lengths: { sqlite: 10_000, mongodb: 10_000 },
  },
  growth_of_search: {
    title: "What search costs",
    measure: measureSearch,
    flags: " --search",
    rooms: SEARCHED_ROOMS,
    lengths: { sqlite: 1_000_000, mongodb: 10_000 },
  },
};
const name = values.changes
  ? "growth_of_changes"
  : values.members
  ? "growth_of_members"
  : values.search
  ? "growth_of_search"
  : "growth";
const report = REPORTS[name];
const interruption = new AbortController();
const sqlite = await onSqlite(Number(values.length ?? report.lengths.sqlite));
const mongodb = await onMongodb(Number(values["mongodb-length"] ?? report.lengths.mongodb));
const charts = [...sqlite.charts, ...mongodb.charts];
if (name === "growth") charts.push(await chartOpenRooms());
await Deno.mkdir(values.results, { recursive: true });
const files = [`${name}.md`, `${name}.svg`].map((file) => join(values.results, file));
await Deno.writeTextFile(files[0]!, describe(charts, { sqlite, mongodb }));
await Deno.writeTextFile(files[1]!, drawGrowth(report.title, charts));
await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", ...files] }).output();
console.log(`wrote ${files.join(" and ")}`);
const scanning = [...sqlite.plans, ...mongodb.plans].filter(({ scans }) => scans);
for (const { query, steps } of scanning) {
  console.error(`looks at every message: ${query}: ${steps}`);
}
Deno.exit(scanning.length > 0 ? 1 : 0);

async function onSqlite(length: number): Promise<Growth> {
  const folder = await Deno.makeTempDir({ prefix: "echoroom_growth_" });
  const path = join(folder, "echoroom.db");
  const store = await SqliteStore.open(path);
  const world = await furnish(store);
  const charts = await report.measure("SQLite", store, world, length);
  await store.close();
  const plans = explainSqlite(path, world.rooms[0]!);
  await Deno.remove(folder, { recursive: true });
  return { charts, plans };
}

async function onMongodb(length: number): Promise<Growth> {
  const start = await findDatabase(interruption.signal);
  await using database = await start(interruption.signal);
  const uri = new URL(database.uri);
  uri.searchParams.set("monitorCommands", "true");
  const connection = await connect(uri.href);
  const store = await MongoStore.open(connection);
  const world = await furnish(store);
  // While the log is short: some servers execute a query to explain it, with the worst plan.
  const plans = await explainMongodb(store, connection.client, world.rooms[0]!);
  const charts = await report.measure("MongoDB", store, world, length);
  await store.close();
  return { charts, plans };
}

async function chartOpenRooms(): Promise<Chart> {
  return {
    title: "Rooms that are open: CPU time of a message (2 members each, 500 messages/s in all)",
    axis: "open rooms",
    points: await measureOpenRooms(OPEN_ROOMS, (words) => console.log(`open rooms: ${words}`)),
  };
}

async function measureStore(
  name: string,
  store: Store,
  world: World,
  length: number,
): Promise<Chart[]> {
  const listed = world.rooms.slice(-LISTED_ROOMS);
  // First: what is appended then is unread.
  for (const id of listed) await store.members.join(id, world.reader.id);
  const appends = await measureAppends(store, world, APPEND_ROOMS);
  const points = await measureLogLengths(
    store,
    // A separate room: the appends above went to the others.
    { id: world.rooms.at(-1)!, creator: world.creator },
    sizesUpTo(length),
    { [`a list of ${LISTED_ROOMS} rooms with unread`]: () => listOwnRooms(store, world.reader.id) },
    progressOf(name, length),
  );
  return [
    {
      title: `${name}: appends a second, 64 in flight, by the number of rooms they go to`,
      axis: "rooms",
      points: appends,
    },
    { title: `${name}: times by the length of a room's log`, axis: "messages", points },
  ];
}

/** What `GET /rooms?mine=true&sort=activity&limit=200` reads. */
async function listOwnRooms(store: Store, userId: string): Promise<void> {
  const query = { limit: LISTED_ROOMS + 1, own: true, order: "activity" } as const;
  const rooms = await store.rooms.list(userId, query);
  const members = await store.members.find(userId, rooms.map(({ id }) => id));
  const unread = rooms.flatMap(({ id, lastSeq }) => {
    const { readSeq } = members.get(id)!;
    return readSeq < lastSeq ? [[id, readSeq] as const] : [];
  });
  await store.members.countUnread(userId, new Map(unread));
}

async function measureChanges(
  name: string,
  store: Store,
  { rooms: [first, second, third, ...others], creator, reader }: World,
  length: number,
): Promise<Chart[]> {
  const edits = await measureEdits(store, { id: first!, creator }, EDITS_AT_ONCE);
  console.log(`${name}: edits`, edits);
  const reactions = await measureReactions(store, { id: second!, creator }, REACTING_USERS);
  console.log(`${name}: reactions`, reactions);
  const room = { id: third!, others, creator, reader };
  const sizes = sizesUpTo(length);
  const points = await measureChangedRoom(store, room, sizes, progressOf(name, length));
  return [
    { title: `${name}: edits beside sends to one room`, axis: "under way at once", points: edits },
    {
      title: `${name}: users who react to one message at once`,
      axis: "users",
      points: reactions,
    },
    {
      title: `${name}: times by the messages of a room that has as many edits and reactions`,
      axis: "messages",
      points,
    },
  ];
}

async function measureMembers(
  name: string,
  store: Store,
  { rooms: [room] }: World,
  count: number,
): Promise<Chart[]> {
  const sizes = sizesUpTo(count, FIRST_MEMBERS);
  const newMember = (number: number) => newUser(`member${number}`);
  const progress = progressOf(name, count, "members");
  const points = await measureMemberLists(store, room!, newMember, sizes, progress);
  return [{ title: `${name}: times by the members of a room`, axis: "members", points }];
}

async function measureSearch(
  name: string,
  store: Store,
  world: World,
  count: number,
): Promise<Chart[]> {
  const points = await measureSearches(store, world, sizesUpTo(count), progressOf(name, count));
  return [{
    title: `${name}: times by the messages that are searched, in ${SEARCHED_ROOMS} rooms`,
    axis: "messages",
    points,
  }];
}

function sizesUpTo(length: number, first = FIRST_LENGTH): number[] {
  const sizes: number[] = [];
  for (let size = first; size < length; size *= 10) sizes.push(size);
  return [...sizes, length];
}

/** Shows how a room fills, and what was measured. */
function progressOf(name: string, length: number, things = "messages") {
  const start = performance.now();
  let shown = start;
  return (progress: number | Point["figures"]) => {
    if (typeof progress !== "number") return console.log(`${name}:`, progress);
    if (performance.now() - shown < 10_000) return;
    shown = performance.now();
    const left = (shown - start) / progress * (length - progress) / 1_000;
    console.log(`${name}: ${progress} ${things}, about ${Math.ceil(left)} s left`);
  };
}

/** Two users, and rooms enough for all. */
async function furnish(store: Store): Promise<World> {
  const now = new Date();
  const [creator, reader] = [newUser("growth"), newUser("reader")];
  await Promise.all([store.users.create(creator), store.users.create(reader)]);
  const rooms: string[] = [];
  while (rooms.length < report.rooms) {
    const ids = Array.from({ length: Math.min(ROOMS_AT_ONCE, report.rooms - rooms.length) }, newId);
    await Promise.all(ids.map((id) => {
      const about = { id, name: id, slug: id.toLowerCase(), description: null };
      const room = {
        ...OPEN_SETTINGS,
        memberCount: 1,
        ...about,
        createdBy: creator,
        createdAt: now,
        updatedAt: now,
      };
      return store.rooms.create(room, [draft(creator)]);
    }));
    rooms.push(...ids);
  }
  return { rooms, creator, reader };
}

function newUser(name: string): User {
  const now = new Date();
  return {
    id: newId(),
    email: `${name}@example.com`,
    passwordHash: "none",
    displayName: name,
    avatarUrl: null,
    onboardingCompleted: true,
    role: "member",
    ban: null,
    createdAt: now,
    updatedAt: now,
  };
}

function describe(charts: Chart[], stores: { sqlite: Growth; mongodb: Growth }): string {
  return [
    `# ${report.title}`,
    `Measured ${
      new Date().toISOString().slice(0, 10)
    } by \`deno task bench:growth${report.flags}\`, on one machine, one run. Times are medians in milliseconds if nothing else is said; in brackets the multiple of the first column.`,
    `![Lines, most of them flat](${name}.svg)`,
    ...charts.flatMap(({ title, points }) => [`## ${title}`, tableOf(points)]),
    "## Plans",
    "How the databases find what the adapters ask for.",
    ...plansOf("SQLite", stores.sqlite.plans),
    ...plansOf("MongoDB", stores.mongodb.plans),
  ].join("\n\n") + "\n";
}

function tableOf(points: Point[]): string {
  const [first] = points;
  const names = Object.keys(first!.figures);
  const head = ["", ...points.map(({ size }) => size.toLocaleString("en"))];
  const rows = names.map((name) => [
    name,
    ...points.map(({ figures }) => {
      const [value, base] = [figures[name]!, first!.figures[name]!];
      return `${value.toPrecision(3)} (${(value / base).toFixed(2)}×)`;
    }),
  ]);
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function plansOf(store: string, plans: Plan[]): string[] {
  const rows = plans.map(({ query, steps }) =>
    `| \`${query.replaceAll("|", "\\|")}\` | ${steps} |`
  );
  return [`**${store}**`, ["| query | plan |", "| --- | --- |", ...rows].join("\n")];
}
