/** The servers that are compared, and how each is started. */
import { join } from "node:path";
import config from "../deno.json" with { type: "json" };
import { BUILT } from "./build.ts";

/** What a peer is started with. */
export interface Place {
  port: number;
  /** Its own empty folder. */
  folder: string;
  /** The folder with EchoRoom's source. */
  source: string;
  /** The URI of an empty database, for a peer that `needs` one. */
  database: string;
}

export interface Peer {
  /** As plots call it. */
  title: string;
  /** Which of the generator's dialects it speaks. */
  dialect: "plain" | "echoroom" | "echoroom-batch" | "socketio" | "centrifuge";
  /** What has to be built or found for it. */
  needs: ("rust" | "go" | "node" | "database")[];
  command(place: Place): string[];
  env?(place: Place): Record<string, string>;
}

export const ROOT = join(import.meta.dirname!, "..");

/** As `deno task start` runs it. */
const START = config.tasks.start.command.split(" ").slice(1, -1);

const EXPRESS = join(BUILT.node, "express_socketio.js");

export const PEERS = {
  "echoroom": echoroom("EchoRoom", "echoroom"),
  "echoroom-batch": echoroom("EchoRoom, batch frames", "echoroom-batch"),
  "express-socketio": {
    title: "Express + Socket.IO",
    dialect: "socketio",
    needs: ["node"],
    command: ({ port }) => ["node", EXPRESS, ...listen(port)],
  },
  "express": {
    title: "Express 5, constants",
    dialect: "plain",
    needs: ["node"],
    command: ({ port }) => ["node", join(BUILT.node, "express_rest.js"), ...listen(port)],
  },
  "hono": {
    title: "bare Hono, constants",
    dialect: "plain",
    needs: [],
    command: ({ port }) => {
      const program = join(import.meta.dirname!, "peers", "hono.ts");
      const options = ["--config", join(ROOT, "deno.json"), "--allow-net"];
      return [Deno.execPath(), "run", ...options, program, ...listen(port)];
    },
  },
  "ws": {
    title: "ws on Node",
    dialect: "plain",
    needs: ["node"],
    command: ({ port }) => ["node", join(BUILT.node, "ws.js"), ...listen(port)],
  },
  "deno": {
    title: "bare Deno",
    dialect: "plain",
    needs: [],
    command: ({ port }) => {
      const program = join(import.meta.dirname!, "peers", "deno.ts");
      return [Deno.execPath(), "run", "--no-config", "--allow-net", program, ...listen(port)];
    },
  },
  "centrifuge": {
    title: "centrifuge on Go",
    dialect: "centrifuge",
    needs: ["go"],
    command: ({ port }) => [BUILT.centrifuge, ...listen(port)],
    // Pinned to one core, Go would still start threads for all.
    env: () => ({ GOMAXPROCS: "1" }),
  },
  "rust": {
    title: "tungstenite on Rust",
    dialect: "plain",
    needs: ["rust"],
    command: ({ port }) => [BUILT.rust, ...listen(port)],
  },
  "echoroom-workers": echoroom("EchoRoom, all cores", "echoroom", () => ({
    WORKERS: String(Math.max(2, navigator.hardwareConcurrency)),
  })),
  "echoroom-sqlite": echoroom("EchoRoom on SQLite", "echoroom"),
  "echoroom-mongodb": {
    ...echoroom("EchoRoom on MongoDB", "echoroom", ({ database }) => ({ MONGODB_URI: database })),
    needs: ["database"],
  },
  "express-socketio-mongodb": {
    title: "Express + Mongoose",
    dialect: "socketio",
    needs: ["node", "database"],
    command: ({ port, database }) => ["node", EXPRESS, ...listen(port), "--storage", database],
  },
  "blast": blast("one delivery per write", 1),
  "blast-20": blast("20 deliveries per write", 20),
} satisfies Record<string, Peer>;

export type PeerName = keyof typeof PEERS;

/** A peer by its name. */
export function peerOf(name: PeerName): Peer {
  return PEERS[name];
}

function echoroom(
  title: string,
  dialect: Peer["dialect"],
  settings: (place: Place) => Record<string, string> = () => ({}),
): Peer {
  return {
    title,
    dialect,
    needs: [],
    command: ({ source }) => {
      const [run = "", ...flags] = START;
      const options = ["--config", join(source, "deno.json"), ...flags];
      return [Deno.execPath(), run, ...options, join(source, "main.ts")];
    },
    env: (place) => ({
      PORT: String(place.port),
      DATA_DIR: place.folder,
      RATE_LIMIT: "off",
      // Accounts are only registered; the scenario with logins overrides it.
      BCRYPT_COST: "4",
      LOG_LEVEL: "warn",
      // Overrides the developer's shell: empty counts as unset.
      ...{ NODE_ENV: "", MONGODB_URI: "", REDIS_URL: "", BUS: "", WORKERS: "" },
      ...settings(place),
    }),
  };
}

function blast(title: string, perWrite: number): Peer {
  return {
    title,
    dialect: "plain",
    needs: [],
    command: ({ port }) => [BUILT.load, "blast", ...listen(port), "--per-write", `${perWrite}`],
  };
}

function listen(port: number): string[] {
  return ["--port", String(port)];
}
