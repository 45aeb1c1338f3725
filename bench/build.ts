/** Builds the load generator and the peers that are not scripts of Deno, once, into `bench/.build`. */
import { join } from "node:path";
import { onPath } from "../tests/servers/service.ts";

const HERE = import.meta.dirname!;
const FOLDER = join(HERE, ".build");
const CARGO_FOLDER = join(FOLDER, "cargo");

/** The folder of the builds. */
export const BUILT = {
  load: join(CARGO_FOLDER, "release", "load"),
  rust: join(CARGO_FOLDER, "release", "peer"),
  centrifuge: join(FOLDER, "centrifuge"),
  /** The folder of the Node peers, with their packages. */
  node: join(FOLDER, "node"),
};

export type Part = "load" | "rust" | "go" | "node";

interface Recipe {
  what: string;
  tools: string[];
  /** What to install where a tool is missing. */
  advice: string;
  build(signal: AbortSignal): Promise<void>;
}

const RUST_ADVICE = "install Rust, for example from https://rustup.rs";

const RECIPES: Record<Part, Recipe> = {
  load: {
    what: "the load generator",
    tools: ["cargo"],
    advice: RUST_ADVICE,
    build: (signal) => buildCrate("load", signal),
  },
  rust: {
    what: "the peer on Rust",
    tools: ["cargo"],
    advice: RUST_ADVICE,
    build: (signal) => buildCrate("peer", signal),
  },
  go: {
    what: "the peer on Go",
    tools: ["go"],
    advice: "install Go, for example from https://go.dev/dl",
    build: (signal) => {
      const source = join(HERE, "peers", "centrifuge");
      return run(["go", "build", "-C", source, "-o", BUILT.centrifuge, "."], signal);
    },
  },
  node: {
    what: "the peers on Node",
    tools: ["node", "npm"],
    advice: "install Node 20 or later, for example from https://nodejs.org",
    build: installNodePeers,
  },
};

/**
 * Builds the wanted parts that are missing or older than their source.
 * @returns the parts that could not be built; the reason for each was printed
 * @throws if one of them is the load generator
 */
export async function build(parts: Set<Part>, signal: AbortSignal): Promise<Set<Part>> {
  await Deno.mkdir(FOLDER, { recursive: true });
  const missing = new Set<Part>();
  for (const part of parts) {
    const problem = await make(RECIPES[part], signal);
    signal.throwIfAborted();
    if (problem === undefined) continue;
    if (part === "load") throw new Error(`${problem}; nothing can be measured without it`);
    console.log(`${problem}; left out`);
    missing.add(part);
  }
  return missing;
}

/** Returns one line with the reason why it cannot be built, or nothing. */
async function make(recipe: Recipe, signal: AbortSignal): Promise<string | undefined> {
  const { what, tools, advice } = recipe;
  for (const tool of tools) {
    if (!await onPath(tool)) return `${tool}, which builds ${what}, is missing: ${advice}`;
  }
  const start = performance.now();
  await say(`building ${what} … `);
  try {
    await recipe.build(signal);
  } catch (error) {
    await say("failed\n");
    return `${what} could not be built: ${error instanceof Error ? error.message : error}`;
  }
  await say(`${((performance.now() - start) / 1000).toFixed(1)} s\n`);
}

/** Without a line break: the duration follows on the same line. */
async function say(words: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(words));
}

function buildCrate(name: string, signal: AbortSignal): Promise<void> {
  const manifest = ["--manifest-path", join(HERE, "Cargo.toml"), "--target-dir", CARGO_FOLDER];
  return run(["cargo", "build", "--release", "--package", name, ...manifest], signal);
}

/** Node finds packages only beside the program, and the sources should stay as they are. */
async function installNodePeers(signal: AbortSignal): Promise<void> {
  const source = join(HERE, "peers", "node");
  const manifest = join(BUILT.node, "package.json");
  const installed = await Deno.readTextFile(manifest).catch(() => "");
  await Deno.mkdir(BUILT.node, { recursive: true });
  const names = await Array.fromAsync(Deno.readDir(source), ({ name }) => name);
  const programs = names.filter((name) => name !== "package.json");
  for (const name of programs) await Deno.copyFile(join(source, name), join(BUILT.node, name));
  const wanted = await Deno.readTextFile(join(source, "package.json"));
  if (installed === wanted) return;
  const draft = join(BUILT.node, "installing");
  await Deno.mkdir(draft, { recursive: true });
  await Deno.writeTextFile(join(draft, "package.json"), wanted);
  const options = ["--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"];
  await run(["npm", "install", "--prefix", draft, ...options], signal);
  await Deno.remove(join(BUILT.node, "node_modules"), { recursive: true }).catch(() => {});
  await Deno.rename(join(draft, "node_modules"), join(BUILT.node, "node_modules"));
  await Deno.rename(join(draft, "package.json"), manifest);
  await Deno.remove(draft, { recursive: true });
}

/** Runs a command to its end; if it fails, the error has the end of its output. */
async function run([program, ...args]: string[], signal: AbortSignal): Promise<void> {
  const command = new Deno.Command(program!, { args, stdin: "null", stdout: "null", signal });
  const { success, stderr } = await command.output();
  if (success) return;
  const lines = new TextDecoder().decode(stderr).trim().split("\n");
  throw new Error(lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1));
}
