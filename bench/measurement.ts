/** One run: a fresh server, the generator beside it, and what the generator measured. */
import { freePort, onPath } from "../tests/servers/service.ts";
import { BUILT } from "./build.ts";
import type { Database, StartDatabase } from "./database.ts";
import { type Peer, type PeerName, peerOf } from "./peers.ts";
import { type Scenario, secondsOf } from "./scenarios.ts";
import { startServer } from "./server.ts";
import { summariseMemory } from "./statistics.ts";

/** One line of the raw file. */
export interface Run {
  /** When `deno task bench` was started: only runs of one session are compared. */
  session: string;
  scenario: string;
  peer: PeerName;
  round: number;
  pinned: boolean;
  /** What the generator measured. */
  figures: Record<string, unknown>;
  /** Why there are no figures. */
  failed?: string;
}

/** What all runs of a session have in common. */
export interface Session {
  name: string;
  /** Whether programs can be pinned to cores. */
  pins: boolean;
  /** Options for the generator beside the scenario's. */
  load: string[];
  /** The folder with the source of EchoRoom that is measured. */
  source: string;
  startDatabase: StartDatabase | null;
  signal: AbortSignal;
}

const SERVER_CORE = 0;
const GENERATOR_CORE = 1;
const MARGIN_SECONDS = 240;
const LAST_WORDS = 400;

/** Whether programs can be pinned; prints a line if not. */
export async function canPin(): Promise<boolean> {
  const lack = navigator.hardwareConcurrency < 2
    ? "there is only one core"
    : await onPath("taskset")
    ? undefined
    : "taskset (of util-linux) is missing";
  if (lack) console.log(`server and generator are not pinned to cores: ${lack}`);
  return !lack;
}

/** Performs one run; a failure is also a result. */
export async function measure(
  session: Session,
  scenario: Scenario,
  name: PeerName,
  round: number,
): Promise<Run> {
  const pinned = scenario.pinned && session.pins;
  const run = { session: session.name, scenario: scenario.name, peer: name, round, pinned };
  try {
    const figures = await measureFigures(session, scenario, peerOf(name), pinned);
    return { ...run, figures: summariseMemory(figures) };
  } catch (error) {
    session.signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    return { ...run, figures: {}, failed: reason };
  }
}

async function measureFigures(
  session: Session,
  scenario: Scenario,
  peer: Peer,
  pinned: boolean,
): Promise<Record<string, unknown>> {
  const { signal } = session;
  await using open = new AsyncDisposableStack();
  const database = await databaseFor(peer, session);
  if (database) open.use(database);
  const folder = await Deno.makeTempDir({ prefix: "echoroom_bench_" });
  open.defer(() => Deno.remove(folder, { recursive: true }));
  const port = freePort();
  const { source } = session;
  const place = { port, folder, source, database: database?.uri ?? "" };
  const command = onCore(pinned ? SERVER_CORE : null, peer.command(place));
  const env = { ...peer.env?.(place), ...scenario.settings };
  const server = open.use(await startServer({ command, env, folder, port }, signal));
  const pids = ["--server-pid", String(server.pid)];
  if (database?.pid) pids.push("--database-pid", String(database.pid));
  const words = [...scenario.load, ...session.load, "--port", String(port)];
  const load = [BUILT.load, ...words, "--dialect", peer.dialect, ...pids];
  return await generate(onCore(pinned ? GENERATOR_CORE : null, load), words, signal);
}

async function databaseFor(peer: Peer, session: Session): Promise<Database | undefined> {
  if (peer.needs.includes("database")) return await session.startDatabase?.(session.signal);
}

function onCore(core: number | null, command: string[]): string[] {
  return core === null ? command : ["taskset", "-c", String(core), ...command];
}

async function generate(
  [program, ...args]: string[],
  words: string[],
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const deadline = AbortSignal.timeout((MARGIN_SECONDS + (secondsOf(words) ?? 0)) * 1000);
  const command = new Deno.Command(program!, {
    args,
    stdin: "null",
    signal: AbortSignal.any([signal, deadline]),
  });
  const { success, stdout, stderr } = await command.output();
  if (success) return JSON.parse(new TextDecoder().decode(stdout));
  if (deadline.aborted) throw new Error("the generator did not come to an end");
  throw new Error(new TextDecoder().decode(stderr).trim().slice(0, LAST_WORDS));
}
