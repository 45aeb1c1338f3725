/** Finds or starts a real server that speaks MongoDB's wire protocol. */
import { MongoClient } from "mongodb";
import { freePort, Missing, onPath, type Service } from "./service.ts";

const SECANTUS = "SecantusDB==0.7.0b3";
const MEMORY_SERVER = "npm:mongodb-memory-server@^11";
const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 5_000;

/**
 * Takes, in this order: the server at `TEST_MONGODB_URI`; `mongod` on the PATH; SecantusDB on the
 * PATH or, installed by pip at the first need, in the user's cache; MongoDB as
 * mongodb-memory-server downloads it.
 *
 * Test files get `TEST_MONGODB_URI`, and `TEST_MONGODB_COMMAND` (a JSON array with `{port}` and
 * `{dir}`) where they can start servers of their own, to kill them.
 * @throws Missing with what was tried
 */
export async function findMongodb(): Promise<Service> {
  const uri = Deno.env.get("TEST_MONGODB_URI");
  if (uri) return existing(uri);
  const mongod = await onPath("mongod");
  if (mongod) return await startMongod(mongod);
  const tried = ["no TEST_MONGODB_URI", "no mongod on the PATH"];
  for (const attempt of [startSecantus, startMemoryServer]) {
    try {
      return await attempt();
    } catch (error) {
      tried.push(error instanceof Error ? error.message.split("\n")[0]! : String(error));
    }
  }
  throw new Missing(`${tried.join("; ")}. Set TEST_MONGODB_URI to a server that tests may fill`);
}

function existing(uri: string): Service {
  const command = Deno.env.get("TEST_MONGODB_COMMAND");
  return {
    description: "MongoDB: the server at TEST_MONGODB_URI",
    env: { TEST_MONGODB_URI: uri, ...(command ? { TEST_MONGODB_COMMAND: command } : {}) },
    stop: () => Promise.resolve(),
  };
}

async function startMongod(path: string): Promise<Service> {
  const command = [path, "--port", "{port}", "--dbpath", "{dir}", "--bind_ip", "127.0.0.1"];
  const server = await start(command, ["--replSet", "rs0"]);
  const client = new MongoClient(`${server.uri}/?directConnection=true`);
  try {
    await client.db("admin").command({ replSetInitiate: {} });
  } finally {
    await client.close();
  }
  return service(`MongoDB: ${path}, as a replica set of one`, server, command);
}

async function startSecantus(): Promise<Service> {
  const path = await onPath("secantusd-py") ?? await installSecantus();
  const command = [path, "--port", "{port}", "--storage-path", "{dir}", "--log-level", "WARNING"];
  const server = await start(command);
  return service("MongoDB: SecantusDB, which speaks its wire protocol", server, command);
}

/** Installs SecantusDB into a folder of the user's cache, once. */
async function installSecantus(): Promise<string> {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
  const folder = `${cache}/echoroom/${SECANTUS}`;
  const path = `${folder}/bin/secantusd-py`;
  if (await Deno.stat(path).then(() => true, () => false)) return path;
  const python = await onPath("python3");
  if (!python) throw new Missing("no python3 to install SecantusDB with");
  console.log(`Installing ${SECANTUS} into ${folder}, once …`);
  await run(python, "-m", "venv", "--clear", folder);
  await run(`${folder}/bin/pip`, "install", "--quiet", "--disable-pip-version-check", SECANTUS);
  return path;
}

async function startMemoryServer(): Promise<Service> {
  // The name is no literal, so that this last resort is neither locked nor fetched by everybody.
  const { MongoMemoryReplSet } = await import(MEMORY_SERVER);
  const set = await MongoMemoryReplSet.create({ replSet: { count: 1 } });
  return {
    description: "MongoDB: as mongodb-memory-server downloads it",
    env: { TEST_MONGODB_URI: new URL(set.getUri()).origin },
    stop: () => set.stop(),
  };
}

interface Started {
  uri: string;
  child: Deno.ChildProcess;
  folder: string;
}

function service(description: string, server: Started, command: string[]): Service {
  return {
    description,
    env: { TEST_MONGODB_URI: server.uri, TEST_MONGODB_COMMAND: JSON.stringify(command) },
    stop: () => stop(server),
  };
}

async function start(command: string[], more: string[] = []): Promise<Started> {
  const folder = await Deno.makeTempDir({ prefix: "echoroom_mongodb_" });
  const port = freePort();
  const [path, ...args] = [...command, ...more].map((part) => {
    return part.replace("{port}", String(port)).replace("{dir}", folder);
  });
  const child = new Deno.Command(path!, { args, stdout: "null", stderr: "null" }).spawn();
  const server = { uri: `mongodb://127.0.0.1:${port}`, child, folder };
  try {
    await untilItAnswers(server.uri);
    return server;
  } catch (error) {
    await stop(server);
    throw error;
  }
}

async function stop({ child, folder }: Started): Promise<void> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_DEADLINE_MS);
  await child.status;
  clearTimeout(timer);
  await Deno.remove(folder, { recursive: true });
}

async function untilItAnswers(uri: string): Promise<void> {
  const client = new MongoClient(`${uri}/?directConnection=true`, {
    serverSelectionTimeoutMS: START_DEADLINE_MS,
  });
  try {
    await client.db("admin").command({ ping: 1 });
  } finally {
    await client.close();
  }
}

async function run(path: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(path, { args, stdout: "null" }).output();
  if (!success) throw new Missing(`${path} failed: ${new TextDecoder().decode(stderr).trim()}`);
}
