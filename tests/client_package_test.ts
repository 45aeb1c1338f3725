/** What is published of the client: documented, typed, small, and complete. */
// @slow: installs packages
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { newAccount } from "./harness/client.ts";
import { HANG_MS } from "./harness/deadline.ts";
import { ProcessGroup } from "./harness/process_group.ts";
import { startServer } from "./harness/server.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const ENTRIES = [
  "mod.ts",
  "react.ts",
  "vue.ts",
  "svelte.ts",
  "bot.ts",
  "debug.ts",
  "rest/mod.ts",
  "testing/mod.ts",
].map((name) => `src/client/${name}`);
const MAX_GZIP_BYTES = 15 * 1024;
/** What the client imports when it is first needed. */
const LOADED = ["uploads.ts", "listed_rooms.ts"];
const project = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
const nodeMajor = await findNode();

Deno.test("everything that the client exports is documented", async () => {
  // The types of React and Vue are documented by them.
  await deno("doc", "--lint", "--import-map=npm/reference_imports.json", ...ENTRIES);
});

Deno.test("the reference is written without a warning", async () => {
  const folder = await Deno.makeTempDir();
  const { command } = project.tasks.reference;
  const args = command.replace("docs/reference", folder).split(" ").slice(1);
  const warnings = await deno(...args);
  assert.doesNotMatch(warnings, /warning/i);
  assert.match(await Deno.readTextFile(`${folder}/all_symbols.html`), /createClient/);
});

Deno.test("the examples in the documents compile", async () => {
  await deno(
    "check",
    "--doc-only",
    "README.md",
    "docs/client.md",
    "src/client/README.md",
    "src/client/client.ts",
    ...ENTRIES,
  );
});

Deno.test("the client can be published to JSR", async () => {
  await deno("publish", "--dry-run", "--allow-dirty");
});

Deno.test("the client for browsers is at most 15 KB gzipped, without what it loads when it is needed", async () => {
  const externals = LOADED.flatMap((file) => ["--external", `*/${file}`]);
  const bytes = await bundledSize(ENTRIES[0]!, ...externals);
  assert.ok(bytes > 1_000 && bytes <= MAX_GZIP_BYTES, `${bytes} bytes`);
});

Deno.test("what the client loads for the list of rooms is at most 2 KB gzipped", async () => {
  const bytes = await bundledSize("src/client/listed_rooms.ts");
  assert.ok(bytes > 500 && bytes <= 2 * 1024, `${bytes} bytes`);
});

Deno.test("what the client loads for files is at most 5 KB gzipped", async () => {
  const bytes = await bundledSize("src/client/uploads.ts");
  assert.ok(bytes > 1_000 && bytes <= 5 * 1024, `${bytes} bytes`);
});

Deno.test("the package for npm has its declared exports, and React and Vue are peer dependencies", async () => {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/client.tgz`;
  await deno("task", "pack", file);
  await run("tar", ["xzf", file, "-C", folder]);
  const description = JSON.parse(await Deno.readTextFile(`${folder}/package/package.json`));
  assert.equal(description.dependencies, undefined);
  assert.deepEqual(description.peerDependenciesMeta, {
    react: { optional: true },
    vue: { optional: true },
  });
  for (const entry of Object.values<Record<string, string>>(description.exports)) {
    for (const path of [entry.types!, entry.import!]) {
      assert.ok((await Deno.stat(`${folder}/package/${path}`)).size > 0, path);
    }
  }
  const { createClient } = await import(`${folder}/package/src/client/mod.js`);
  assert.equal(createClient("http://localhost").connection.get().status, "idle");
});

Deno.test(
  "the package chats in Node, with its own WebSocket from 22 on and before with that of ws",
  {
    ignore: nodeMajor === 0,
  },
  async () => {
    const folder = await Deno.makeTempDir();
    await deno("task", "pack", `${folder}/client.tgz`);
    // As locked here, so that nothing is asked of the registry.
    const ws = project.imports.ws.replace("npm:ws@", "");
    await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify({ dependencies: { ws } }));
    await Deno.copyFile(`${ROOT}deno.lock`, `${folder}/deno.lock`);
    await run(Deno.execPath(), ["install", "--cached-only"], folder);
    await Deno.mkdir(`${folder}/node_modules/@echoroom`);
    await run("tar", ["xzf", `${folder}/client.tgz`, "-C", folder]);
    await Deno.rename(`${folder}/package`, `${folder}/node_modules/@echoroom/client`);
    const server = await startServer();
    try {
      for (const withWs of nodeMajor < 22 ? [true] : [true, false]) {
        await Deno.writeTextFile(`${folder}/chat.mjs`, chatWith(server.url, withWs));
        const output = await run("node", [`${folder}/chat.mjs`]);
        assert.match(output, /^Ada created the room\nHello from Node$/m);
      }
    } finally {
      await server.stop();
    }
  },
);

/** A program that makes a room, writes into it, and prints the room. */
function chatWith(server: string, withWs: boolean): string {
  const { email, password, displayName } = newAccount("Ada");
  return `
    import { createClient } from "@echoroom/client";
    ${withWs ? 'import WebSocket from "ws";' : ""}
    const client = createClient("${server}"${withWs ? ", { WebSocket }" : ""});
    await client.register(${JSON.stringify({ email, password, displayName })});
    const { slug } = await client.api.createRoom({ name: "Node" });
    const room = client.join(slug);
    await room.send("Hello from Node");
    while (room.state.get().status !== "live") {
      await new Promise((resolve) => room.state.subscribe(resolve));
    }
    console.log(room.messages.get().map(({ text }) => text).join("\\n"));
    client.close();
  `;
}

function deno(...args: string[]): Promise<string> {
  return run(Deno.execPath(), args);
}

/** Runs a command to its good end, and returns what it printed, on either stream. */
async function run(command: string, args: string[], cwd = ROOT): Promise<string> {
  await using process = ProcessGroup.start([command, ...args], cwd);
  return await process.ends(5 * HANG_MS);
}

/** 0 if there is none. */
async function findNode(): Promise<number> {
  const version = await run("node", ["--version"]).catch(() => "v0");
  return Number(/^v(\d+)/.exec(version)![1]);
}

async function sizeOf(stream: ReadableStream<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of stream) bytes += chunk.length;
  return bytes;
}

/** The size of a bundle for browsers, minified and gzipped. */
async function bundledSize(entry: string, ...options: string[]): Promise<number> {
  const file = await Deno.makeTempFile({ suffix: ".js" });
  await deno("bundle", "--platform", "browser", "--minify", ...options, "--output", file, entry);
  const compressed = (await Deno.open(file)).readable.pipeThrough(new CompressionStream("gzip"));
  const bytes = await sizeOf(compressed);
  console.log(`${entry}: ${bytes} bytes`);
  return bytes;
}
