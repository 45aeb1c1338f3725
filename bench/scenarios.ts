/** What is measured: one entry for each scenario, in the order of the report. */
import type { PeerName } from "./peers.ts";

/** A figure of a run and how the table calls it. */
export interface Column {
  key: string;
  label: string;
}

export interface Scenario {
  name: string;
  title: string;
  /** One sentence: what is done, and what counts. */
  about: string;
  /** The generator's arguments: its own scenario, then options. */
  load: string[];
  peers: PeerName[];
  /** The peer that ratios compare with. */
  base: PeerName;
  /** What ratios are made of, and what a ratio above 1 means. */
  metric: Column & { better: "higher" | "lower"; gain: string };
  columns: Column[];
  /** Unpinned, all processes share all cores. */
  pinned: boolean;
  /** Variables for EchoRoom beside those of all runs. */
  settings?: Record<string, string>;
  /** Fewer rounds than asked for, where one is long enough. */
  maxRounds?: number;
  /** About how long one run takes, in seconds. */
  estimate: number;
}

const OLD_STACK = "express-socketio";
const ALL: PeerName[] = [
  "echoroom",
  "echoroom-batch",
  OLD_STACK,
  "ws",
  "deno",
  "centrifuge",
  "rust",
];

const CPU = {
  key: "cpu_s_per_100k",
  label: "CPU s per 100 k deliveries",
  better: "lower",
  gain: "less CPU for a delivery, at 20,000 a second",
} as const;
const LIMIT = {
  key: "max_deliveries_s",
  label: "deliveries/s",
  better: "higher",
  gain: "more deliveries a second, at a p99 under 100 ms",
} as const;
const JOINED = {
  key: "joined_s",
  label: "s until all joined",
  better: "lower",
  gain: "sooner all have joined",
} as const;

const DELAYS = [column("p50_ms", "p50 ms"), column("p99_ms", "p99 ms")];
const ACK = column("ack_p50_ms", "ack p50 ms");
const PEAK = column("peak_rss_mb", "peak RSS MB");
const CORES = [column("server_cpu", "server CPU"), column("generator_cpu", "generator CPU")];
const FAILING_CORES = [
  column("failed_server_cpu", "server CPU failing"),
  column("failed_generator_cpu", "generator CPU failing"),
];
const LOST = column("lost", "lost");

/** Every scenario; a run without `--scenarios` takes all. */
export const SCENARIOS: Scenario[] = [
  fanOut("room-100", "1 room × 100", ["--rooms", "1", "--members", "100"]),
  fanOut("room-1000", "1 room × 1,000", ["--rooms", "1", "--members", "1000"]),
  fanOut("room-5000", "1 room × 5,000", ["--rooms", "1", "--members", "5000"]),
  fanOut("rooms-200", "200 rooms × 10", ["--rooms", "200", "--members", "10"]),
  search("room-limit", "Limit of 1 room × 1,000", ["--rooms", "1", "--members", "1000"]),
  search("rooms-limit", "Limit of 200 rooms × 10", ["--rooms", "200", "--members", "10"]),
  storm("storm-1000", "Storm of 1,000", 1000, 6),
  storm("storm-5000", "Storm of 5,000", 5000, 9),
  storm("storm-10000", "Storm of 10,000", 10_000, 14),
  {
    ...storm("storm-members", "Storm of 10,000 into rooms of 1,000 members", 10_000, 60),
    about:
      "1,000 people are members of 10 rooms; 10,000 connect, 256 handshakes at a time: everybody once for each room. The CPU time that the server takes for each until all have joined.",
    load: ["storm", "--sockets", "10000", "--rooms", "10", "--people", "1000"],
    peers: ["echoroom", "echoroom-batch"],
    base: "echoroom",
    metric: {
      key: "cpu_ms_per_socket",
      label: "CPU ms a socket",
      better: "lower",
      gain: "less CPU for a join",
    },
    columns: [
      column("joined_s", "s until all joined"),
      column("joins_s", "joins/s"),
      column("p99_ms", "p99 ms to join"),
      column("rss_kb_per_socket", "RSS kB a socket"),
      PEAK,
      ...CORES,
      LOST,
    ],
  },
  {
    name: "recovery",
    title: "Recovery of 1,000",
    about:
      "1,000 clients come back at once, each for the 50 messages that it missed; the time until all have them.",
    load: ["recovery", "--sockets", "1000", "--missed", "50"],
    peers: ALL,
    base: OLD_STACK,
    metric: {
      key: "recovered_s",
      label: "s until all recovered",
      better: "lower",
      gain: "sooner all have what they missed",
    },
    columns: [...DELAYS, column("received_mb", "received MB"), PEAK, ...CORES, LOST],
    pinned: true,
    estimate: 9,
  },
  rest("rest-health", "REST: health", "health"),
  rest("rest-profile", "REST: one's own profile", "profile"),
  rest("rest-rooms", "REST: a page of 50 rooms", "rooms"),
  rest("rest-history", "REST: a page of 50 messages", "history"),
  rest("rest-send", "REST: a send", "send"),
  {
    name: "logins",
    title: "Delivery while 32 log in",
    about:
      "32 clients log in without a pause (bcrypt at cost 10) while a room of 10 gets 50 messages/s; the p99 of delivery meanwhile.",
    load: ["logins", "--members", "10", "--at-once", "32"],
    peers: ["echoroom", OLD_STACK],
    base: OLD_STACK,
    metric: {
      key: "p99_ms",
      label: "delivery p99 ms during logins",
      better: "lower",
      gain: "shorter p99 of delivery meanwhile",
    },
    columns: [
      column("p50_ms", "p50 ms"),
      column("quiet_p50_ms", "p50 ms before"),
      column("quiet_p99_ms", "p99 ms before"),
      column("logins_s", "logins/s"),
      column("login_p50_ms", "login p50 ms"),
      column("refused_logins", "refused"),
      ...CORES,
      LOST,
    ],
    pinned: false,
    settings: { BCRYPT_COST: "10" },
    estimate: 18,
  },
  {
    ...search("storage", "Limit of sends that are stored", [
      ...["--rooms", "20", "--members", "10", "--from", "1000", "--secs", "2"],
    ]),
    about:
      "20 rooms × 10, every message stored: the most deliveries/s at a p99 under 100 ms. Both `-mongodb` peers use the same kind of server, a fresh one each run.",
    peers: ["echoroom-mongodb", "echoroom-sqlite", "express-socketio-mongodb"],
    base: "express-socketio-mongodb",
    columns: [
      column("messages_s", "messages/s"),
      ...DELAYS,
      ACK,
      column("failed_p99_ms", "p99 ms failing"),
      ...CORES,
      column("database_cpu", "database CPU"),
      LOST,
    ],
    pinned: false,
  },
  {
    ...search("cores-room", "All cores, 1 room × 1,000", ["--rooms", "1", "--members", "1000"]),
    about:
      "One isolate and one for each core (at least two), on all cores that the generator leaves; the most deliveries/s at a p99 under 100 ms.",
    peers: ["echoroom", "echoroom-workers"],
    base: "echoroom",
    pinned: false,
  },
  {
    ...storm("cores-storm", "All cores, storm of 5,000", 5000, 9),
    about:
      "One isolate and one for each core (at least two), on all cores that the generator leaves; 5,000 connections until all have joined.",
    peers: ["echoroom", "echoroom-workers"],
    base: "echoroom",
    pinned: false,
  },
  {
    name: "soak",
    title: "Memory over time",
    about:
      "200 sockets in 20 rooms that stay and 200 more of which 20 are replaced each second; 100 messages/s. RSS in the first and the last third of the time, and its slope over the last two thirds.",
    load: [
      "soak",
      "--rooms",
      "20",
      "--members",
      "10",
      "--messages",
      "100",
      "--churn",
      "20",
      "--secs",
      "600",
    ],
    peers: ["echoroom", "echoroom-batch", OLD_STACK],
    base: OLD_STACK,
    metric: {
      key: "rss_last_mb",
      label: "RSS MB, last third",
      better: "lower",
      gain: "less memory",
    },
    columns: [
      column("rss_first_mb", "RSS MB, first third"),
      column("rss_slope_mb_h", "slope MB/h"),
      PEAK,
      ...DELAYS,
      column("passed_by", "sockets replaced"),
      ...CORES,
      LOST,
    ],
    pinned: true,
    maxRounds: 1,
    estimate: 610,
  },
  {
    name: "generator",
    title: "The generator itself",
    about:
      "What the generator takes in from a server that only writes, by deliveries per write: deliveries/s for each core of its own. Figures near it say more about the generator than about the peer.",
    load: ["sink", "--sockets", "1000"],
    peers: ["blast", "blast-20"],
    base: "blast",
    metric: {
      key: "limit_deliveries_s",
      label: "deliveries/s for a core",
      better: "higher",
      gain: "more deliveries for a core",
    },
    columns: [column("deliveries_s", "deliveries/s"), ...CORES],
    pinned: true,
    estimate: 6,
  },
];

/** The seconds that the generator measures for, if they are set. */
export function secondsOf(load: string[]): number | undefined {
  const at = load.lastIndexOf("--secs");
  return at < 0 ? undefined : Number(load[at + 1]);
}

function fanOut(name: string, title: string, crowd: string[]): Scenario {
  return {
    name,
    title,
    about: "20,000 deliveries/s are offered; the CPU time that the server takes for 100,000.",
    load: ["traffic", ...crowd, "--deliveries", "20000"],
    peers: ALL,
    base: OLD_STACK,
    metric: CPU,
    columns: [column("deliveries_s", "deliveries/s"), ...DELAYS, ACK, PEAK, ...CORES, LOST],
    pinned: true,
    estimate: 8,
  };
}

function search(name: string, title: string, crowd: string[]): Scenario {
  return {
    name,
    title,
    about: "The highest rate of deliveries at a p99 under 100 ms, with nothing lost.",
    load: ["search", ...crowd],
    peers: ALL,
    base: OLD_STACK,
    metric: LIMIT,
    columns: [...DELAYS, ACK, CPU, PEAK, ...CORES, ...FAILING_CORES],
    pinned: true,
    estimate: 30,
  };
}

function rest(name: string, title: string, resource: string): Scenario {
  const rooms = resource === "rooms" ? "50" : "1";
  return {
    name,
    title,
    about:
      "20,000 requests over 32 connections, each sent when the one before is answered; how many the server answers for a second of CPU time. EchoRoom checks who has signed in and answers what its store holds; the others answer constants to everybody.",
    load: ["rest", "--resource", resource, "--rooms", rooms],
    peers: ["echoroom", "express", "hono"],
    base: "express",
    metric: {
      key: "requests_cpu_s",
      label: "requests a CPU second",
      better: "higher",
      gain: "more requests a CPU second",
    },
    columns: [
      column("requests_s", "requests/s"),
      ...DELAYS,
      column("bytes_per_answer", "bytes an answer"),
      PEAK,
      ...CORES,
      LOST,
    ],
    pinned: true,
    estimate: 12,
  };
}

function storm(name: string, title: string, sockets: number, estimate: number): Scenario {
  return {
    name,
    title,
    about: "So many connect, 256 handshakes at a time; the time until all have joined the room.",
    load: ["storm", "--sockets", String(sockets)],
    peers: ALL,
    base: OLD_STACK,
    metric: JOINED,
    columns: [
      column("joins_s", "joins/s"),
      column("p99_ms", "p99 ms to join"),
      column("rss_kb_per_socket", "RSS kB a socket"),
      PEAK,
      ...CORES,
      LOST,
    ],
    pinned: true,
    estimate,
  };
}

function column(key: string, label: string): Column {
  return { key, label };
}
