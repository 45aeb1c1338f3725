/** Finds a server that speaks MongoDB's protocol, or starts one that ends with the tests. */
import { MongoClient } from "mongodb";
import { join } from "node:path";
import { START_MS } from "../harness/deadline.ts";
import { kill } from "../harness/kill.ts";
import { cacheFolder, installPackage, run } from "./python_package.ts";
import { freePort, onPath, type Service } from "./service.ts";

const SECANTUS = "SecantusDB==0.7.0b3";
/** Runs the installed one without what makes it slower with each write. */
const SECANTUS_PROGRAM = join(import.meta.dirname!, "secantusd.py");
/**
 * By default it is 1 GB, and once a fifth of it is not written to the disk yet, every thread waits for
 * that, which has come to a stop for good while many tests wrote at once.
 */
const LARGE_CACHE = ["--cache-size", "4G"];
const MEMORY_SERVER = "mongodb-memory-server@11.3.0";
const DOWNLOAD_DEADLINE_MS = 120_000;
const END_DEADLINE_MS = 5_000;

/** A server that can be started on any port and folder. */
interface Startable {
  name: string;
  /** Its program and arguments, with `{port}` and `{dir}` to be filled in. */
  command: string[];
  /** What makes it a replica set that waits to be initiated. */
  replicaSet?: string[];
  /** What makes acked writes outlast it when it is killed, if it needs to be told. */
  durable?: string[];
}

/**
 * Takes, in this order: the server at `TEST_MONGODB_URI`; `mongod` on PATH; SecantusDB on PATH, in
 * Rust (`cargo install secantus-mdb`, several times as fast) or Python, or as pip installs it once
 * into the user's cache; `mongod` as mongodb-memory-server downloads it.
 */
export async function findMongodb(signal: AbortSignal): Promise<Service> {
  const uri = Deno.env.get("TEST_MONGODB_URI");
  if (!uri) return await start(await findInstalled() ?? await install(signal), signal);
  await untilWritable(uri).catch((error) => {
    throw new Error(`the server at TEST_MONGODB_URI does not answer (${messageOf(error)})`);
  });
  const own = Deno.env.has("TEST_MONGODB_COMMAND") ? undefined : await findInstalled();
  return {
    description: "MongoDB: the server at TEST_MONGODB_URI",
    env: own ? { TEST_MONGODB_COMMAND: commandOf(own) } : {},
    [Symbol.asyncDispose]: async () => {},
  };
}

/** For servers of tests' own, which may kill them. */
function commandOf({ command, durable = [] }: Startable): string {
  return JSON.stringify([...command, ...durable]);
}

async function findInstalled(): Promise<Startable | undefined> {
  const mongod = await onPath("mongod");
  if (mongod) return mongodAt(mongod);
  const faster = await onPath("secantusd-rs");
  if (faster) return { ...secantusBy([faster]), durable: ["--sync-on-commit"] };
  const secantus = await onPath("secantusd-py");
  if (secantus) return secantusBy([secantus, ...LARGE_CACHE]);
}

async function install(signal: AbortSignal): Promise<Startable> {
  const tried = ["no TEST_MONGODB_URI", "no mongod, secantusd-rs or secantusd-py on PATH"];
  try {
    const python = await installPackage(SECANTUS, signal);
    return secantusBy([python, SECANTUS_PROGRAM, ...LARGE_CACHE]);
  } catch (error) {
    tried.push(`SecantusDB could not be installed (${messageOf(error)})`);
  }
  try {
    return mongodAt(await downloadMongod(signal));
  } catch (error) {
    tried.push(`mongodb-memory-server could not download mongod (${messageOf(error)})`);
  }
  throw new Error(tried.join("; "));
}

function mongodAt(path: string): Startable {
  return {
    name: path,
    command: [path, "--port", "{port}", "--dbpath", "{dir}", "--bind_ip", "127.0.0.1"],
    replicaSet: ["--replSet", "tests"],
  };
}

function secantusBy(program: string[]): Startable {
  const options = ["--port", "{port}", "--storage-path", "{dir}", "--log-level", "ERROR"];
  return { name: `SecantusDB (${program[0]})`, command: [...program, ...options] };
}

/** Returns the path of the `mongod` that mongodb-memory-server downloads. */
async function downloadMongod(signal: AbortSignal): Promise<string> {
  console.log(`MongoDB: downloading mongod with ${MEMORY_SERVER} …`);
  const code = `import { MongoBinary } from "npm:${MEMORY_SERVER}";
    console.log(await MongoBinary.getPath({ downloadDir: ${JSON.stringify(cacheFolder())} }));`;
  // A process of its own: this last resort stays out of the lock file, and can be given up.
  const output = await run(
    [Deno.execPath(), "eval", "--no-config", "--no-lock", code],
    AbortSignal.any([signal, AbortSignal.timeout(DOWNLOAD_DEADLINE_MS)]),
  );
  return output.trim().split("\n").at(-1)!;
}

async function start(server: Startable, signal: AbortSignal): Promise<Service> {
  await using started = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "echoroom_mongodb_" });
  started.defer(() => Deno.remove(dir, { recursive: true }));
  const port = freePort();
  const [program, ...args] = [...server.command, ...server.replicaSet ?? []].map((part) =>
    part.replace("{port}", String(port)).replace("{dir}", dir)
  );
  signal.throwIfAborted();
  const child = new Deno.Command(program!, { args, stdout: "null", signal }).spawn();
  started.defer(() => end(child));

  const uri = `mongodb://127.0.0.1:${port}`;
  const ready = server.replicaSet
    ? initiate(port).then(() => untilWritable(uri, START_MS))
    : untilWritable(uri, START_MS);
  const ended = child.status.then(({ code }) => {
    throw new Error(`${server.name} ended with code ${code}`);
  });
  await Promise.race([ready, ended]);
  const keep = started.move();
  return {
    description: `MongoDB: ${server.name} on port ${port}`,
    env: { TEST_MONGODB_URI: uri, TEST_MONGODB_COMMAND: commandOf(server) },
    [Symbol.asyncDispose]: () => keep.disposeAsync(),
  };
}

async function end(child: Deno.ChildProcess): Promise<void> {
  kill(child, "SIGTERM");
  const timer = setTimeout(() => kill(child), END_DEADLINE_MS);
  await child.status;
  clearTimeout(timer);
}

async function initiate(port: number): Promise<void> {
  const host = `127.0.0.1:${port}`;
  await using client = new MongoClient(`mongodb://${host}`, {
    directConnection: true,
    serverSelectionTimeoutMS: START_MS,
  });
  // Named, because its own idea of its host may be a name at which it does not listen.
  const config = { _id: "tests", members: [{ _id: 0, host }] };
  await client.db("admin").command({ replSetInitiate: config });
}

/** Waits, as the driver does before a command, for a server that takes writes. */
async function untilWritable(uri: string, serverSelectionTimeoutMS = 30_000): Promise<void> {
  await using client = new MongoClient(uri, { serverSelectionTimeoutMS });
  await client.db("admin").command({ ping: 1 });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
