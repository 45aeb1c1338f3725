/** The structure that `docs/architecture.md` promises: which part may import which, and no cycle. */
import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const SRC = fileURLToPath(new URL("../src", import.meta.url));

/** What each part may import beside itself, `async` and libraries. */
const ALLOWED: Record<string, string[]> = {
  async: [],
  domain: [],
  disk: ["domain"],
  protocol: ["domain"],
  client: ["protocol", "domain"],
  ports: ["domain"],
  services: ["ports", "domain"],
  accounts: ["rooms", "services", "ports", "protocol", "domain"],
  rooms: ["services", "ports", "protocol", "domain"],
  application: ["accounts", "rooms", "services", "ports", "disk", "domain"],
  sockets: ["application", "accounts", "rooms", "services", "ports", "protocol", "domain"],
  http: [
    "sockets",
    "application",
    "accounts",
    "rooms",
    "services",
    "ports",
    "protocol",
    "domain",
    "version.ts",
  ],
  jobs: ["application", "services"],
  adapters: ["ports", "disk", "domain"],
  config: ["domain"],
  workers: ["services", "ports", "compose.ts", "config.ts", "instance.ts", "logging.ts"],
};

/** Types vanish before anything runs, but they are dependencies of the reader all the same. */
const IMPORTED = /(?:^(?:import|export)\b[^;]*?from |\bimport\()"(\.[^"]+)"/gms;

interface Import {
  from: string;
  to: string;
}

const imports = await readImports();

Deno.test("every part imports only what lies below it", () => {
  const wrong = imports.filter(({ from, to }) => {
    const [fromPart, toPart] = [partOf(from), partOf(to)];
    if (!(fromPart in ALLOWED) || toPart === "async") return false;
    return fromPart !== toPart && !ALLOWED[fromPart]!.includes(toPart);
  });
  assert.deepEqual(wrong, []);
});

Deno.test("the client takes from the server nothing but what goes over the wire", () => {
  const taken = imports.filter(({ from, to }) => {
    return partOf(from) === "client" && partOf(to) !== "client";
  });
  const others = taken.filter(({ to }) => {
    return to !== "domain/errors.ts" && !to.startsWith("protocol/wire/");
  });
  assert.deepEqual(others, []);
});

Deno.test("pages take nothing else of the server than the client does, and nothing of the moderators' page", async () => {
  const web = join(SRC, "../web");
  const wrong: string[] = [];
  for (const from of await sourceFiles("", web)) {
    const text = await Deno.readTextFile(join(web, from));
    for (const [statement, path] of text.matchAll(IMPORTED)) {
      // What browsers load is without them.
      if (statement.startsWith("import type")) continue;
      const to = relative(join(SRC, ".."), join(web, dirname(from), path!));
      const isForAll = /^(web\/(?!admin\/)|src\/client\/|src\/protocol\/wire\/)/.test(to);
      const isOwn = to.startsWith("web/admin/") && /^admin[/.]/.test(from);
      if (!isForAll && !isOwn) wrong.push(`${from} imports ${to}`);
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("what the client shares with the server needs no library", async () => {
  for (const file of ["domain/errors.ts", ...await sourceFiles("protocol/wire")]) {
    const text = await Deno.readTextFile(join(SRC, file));
    for (const [, path] of text.matchAll(/from "([^"]+)"/g)) {
      assert.match(path!, /^\.\/|^\.\.\/\.\.\/domain\/errors\.ts$/, file);
    }
  }
});

Deno.test("only backends.ts names adapters", () => {
  const named = imports.filter(({ from, to }) => {
    return partOf(to) === "adapters" && partOf(from) !== "adapters";
  });
  assert.deepEqual([...new Set(named.map(({ from }) => from))], ["backends.ts"]);
});

Deno.test("an adapter imports no other adapter, only what its family shares", () => {
  const crossing = imports.filter(({ from, to }) => {
    return from.startsWith("adapters/") && to.startsWith("adapters/") &&
      !dirname(from).startsWith(dirname(to));
  });
  assert.deepEqual(crossing, []);
});

Deno.test("only config.ts and what it calls read the environment and make secrets", async () => {
  const readers: string[] = [];
  for (const file of await sourceFiles()) {
    const text = await Deno.readTextFile(join(SRC, file));
    if (text.includes("Deno.env") || text.includes("process.env")) readers.push(file);
  }
  assert.deepEqual(readers, ["config.ts"]);
});

Deno.test("every folder has an import rule and a line in the document", async () => {
  const folders = new Set((await sourceFiles()).filter((file) => file.includes("/")).map(partOf));
  assert.deepEqual([...folders].toSorted(), Object.keys(ALLOWED).toSorted());
  const document = await Deno.readTextFile(join(SRC, "../docs/architecture.md"));
  const named = document.matchAll(/^\| `src\/(\w+)\/` +\|/gm).map(([, folder]) => folder!);
  assert.deepEqual([...named].toSorted(), [...folders].toSorted());
});

Deno.test("files that a document names exist", async () => {
  for (const path of ["docs/architecture.md", "CONTRIBUTING.md"]) {
    const document = await Deno.readTextFile(join(SRC, "..", path));
    for (const [, file] of document.matchAll(/`((?:[a-z_\d]+\/)+[a-z_\d]+\.ts)`/g)) {
      const places = [join(SRC, file!), join(SRC, "..", file!)];
      const found = await Promise.all(places.map((place) => Deno.stat(place).catch(() => null)));
      assert.ok(found.some((each) => each?.isFile), `${path} names ${file}`);
    }
  }
});

Deno.test("there is no cycle of imports", () => {
  const targets = Map.groupBy(imports, ({ from }) => from);
  const done = new Set<string>();
  const visit = (file: string, path: string[]): void => {
    assert.ok(!path.includes(file), `cycle: ${[...path, file].join(" → ")}`);
    if (done.has(file)) return;
    for (const { to } of targets.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
});

function partOf(file: string): string {
  return file.split("/")[0]!;
}

async function readImports(): Promise<Import[]> {
  const found: Import[] = [];
  for (const from of await sourceFiles()) {
    const text = await Deno.readTextFile(join(SRC, from));
    for (const [, path] of text.matchAll(IMPORTED)) {
      found.push({ from, to: relative(SRC, join(SRC, dirname(from), path!)) });
    }
  }
  assert.ok(found.length > 50, "the pattern finds imports");
  return found;
}

async function sourceFiles(folder = "", root = SRC): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(join(root, folder))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) files.push(...await sourceFiles(path, root));
    else if (path.endsWith(".ts")) files.push(path);
  }
  return files.sort();
}
