/** A server that speaks MongoDB's protocol, fresh for each run, found as the tests find theirs. */
import { findMongodb } from "../tests/servers/mongodb.ts";
import { freePort } from "../tests/servers/service.ts";
import { type Server, startServer } from "./server.ts";

export interface Database extends AsyncDisposable {
  uri: string;
  /** Unknown for a server that was already running. */
  pid: number | null;
}

export type StartDatabase = (signal: AbortSignal) => Promise<Database>;

/**
 * Chooses a database server: `TEST_MONGODB_COMMAND`, else as `deno task test` finds or
 * installs one, else a new database on the server at `TEST_MONGODB_URI`.
 */
export async function findDatabase(signal: AbortSignal): Promise<StartDatabase> {
  const given = Deno.env.get("TEST_MONGODB_COMMAND");
  if (given) return (signal) => startOwn(JSON.parse(given), signal);
  await using service = await findMongodb(signal);
  const { TEST_MONGODB_COMMAND: command, TEST_MONGODB_URI: uri } = service.env;
  if (command) return (signal) => startOwn(JSON.parse(command), signal);
  return () => Promise.resolve(newDatabase(uri ?? Deno.env.get("TEST_MONGODB_URI")!));
}

async function startOwn(template: string[], signal: AbortSignal): Promise<Database> {
  await using started = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "echoroom_bench_" });
  started.defer(() => Deno.remove(folder, { recursive: true }));
  const port = freePort();
  const command = template.map((part) =>
    part.replaceAll("{port}", String(port)).replaceAll("{dir}", folder)
  );
  const server: Server = started.use(
    await startServer({ command, env: {}, folder, port }, signal),
  );
  const keep = started.move();
  return {
    uri: `mongodb://127.0.0.1:${port}/bench?directConnection=true`,
    pid: server.pid,
    [Symbol.asyncDispose]: () => keep.disposeAsync(),
  };
}

function newDatabase(server: string): Database {
  const uri = new URL(server);
  uri.pathname = `/echoroom_bench_${crypto.randomUUID().slice(0, 8)}`;
  return { uri: uri.href, pid: null, [Symbol.asyncDispose]: async () => {} };
}
