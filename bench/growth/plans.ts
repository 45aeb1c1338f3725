/** How the databases find messages: the query plans of the adapters' own queries. */
import { DatabaseSync } from "node:sqlite";
import type { Document, MongoClient } from "mongodb";
import { type DatabasePorts, SqliteDatabase } from "../../src/adapters/store/sqlite/database.ts";
import { LOG_LIMIT, LOG_START } from "../../src/domain/entry.ts";
import type { Store } from "../../src/ports/store/store.ts";

export interface Plan {
  query: string;
  steps: string;
  /** Whether it scans all messages. */
  scans: boolean;
}

/** The plans of all statements that read messages in the database at `path`. */
export function explainSqlite(path: string, roomId: string): Plan[] {
  // First, because opening a large file reads the ends of each index.
  const database = new SqliteDatabase(path);
  const statements = new Set<string>();
  const { prepare } = DatabaseSync.prototype;
  DatabaseSync.prototype.prepare = function (sql: string) {
    if (/\bmessages\b/.test(sql) && sql.startsWith("SELECT")) statements.add(sql);
    return prepare.call(this, sql);
  };
  readAll(database.ports, roomId);
  DatabaseSync.prototype.prepare = prepare;
  database.close();
  const connection = new DatabaseSync(path);
  const plans = [...statements].map((sql) => {
    const rows = connection.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    const steps = rows.map(({ detail }) => String(detail)).join("; ");
    return { query: sql.replace(/\s+/g, " "), steps, scans: /SCAN (m|messages)\b/.test(steps) };
  });
  connection.close();
  return plans;
}

/** What grows with the messages of a room. */
const COLLECTIONS = new Set<unknown>(["messages", "edits", "reactions"]);

/** The plans of all commands that read messages on a MongoDB server; its client must emit command events. */
export async function explainMongodb(
  store: Store,
  client: MongoClient,
  roomId: string,
): Promise<Plan[]> {
  const commands: Document[] = [];
  client.on("commandStarted", ({ commandName, command }) => {
    if (COLLECTIONS.has(command[commandName])) commands.push(command);
  });
  await readAll(store, roomId);
  client.removeAllListeners("commandStarted");
  const database = client.db(commands[0]?.$db);
  return await Promise.all(commands.map(async (command) => {
    const { lsid: _, $db: __, $clusterTime: ___, readConcern: ____, ...asked } = command;
    const filter = asked.pipeline?.[0].$match ?? asked.filter;
    const answer = await database.command({ explain: asked }).then(JSON.stringify, String);
    const stages = [...answer.matchAll(/"stage":"(\w+)"|"indexName":"(\w+)"/g)];
    const steps = stages.map(([, stage, index]) => stage ?? `by ${index}`).join(" ← ");
    return {
      query: JSON.stringify(asked.pipeline ?? asked.filter).slice(0, 160),
      steps: steps || answer.slice(0, 160),
      // A look-up by key is one, whatever the server calls it.
      scans: answer.includes('"COLLSCAN"') && filter?._id === undefined,
    };
  }));
}

/** Calls every read of entries and messages once. */
function readAll(
  { log, messages, members }: Pick<Store | DatabasePorts, "log" | "messages" | "members">,
  roomId: string,
): Promise<unknown> {
  return Promise.all([
    log.findSent(roomId, [{ senderId: "none", clientMessageId: "none" }]),
    log.end(roomId),
    log.heads([roomId]),
    log.entriesAfter(roomId, 10, 200),
    log.entryId(roomId, 10),
    messages.find(roomId, ["none"]),
    messages.position(roomId, "none"),
    messages.before(roomId, LOG_LIMIT, 50),
    messages.after(roomId, LOG_START, 50),
    messages.answersBefore(roomId, "none", LOG_LIMIT, 50),
    messages.answersAfter(roomId, "none", LOG_START, 50),
    messages.threads(roomId, ["none"]),
    messages.pinned(roomId),
    messages.countPinned(roomId),
    messages.earlierTexts(roomId, "none"),
    messages.reactionsBy(roomId, "none", ["none"]),
    messages.reactors(roomId, "none", "none", 50),
    messages.reactorsAmong(roomId, "none", "none", ["none"]),
    members.countUnread("none", new Map([[roomId, 0]])),
  ]);
}
