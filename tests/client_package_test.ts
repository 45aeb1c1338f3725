/** What is published of the client: documented, typed, small, and complete. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const ENTRIES = ["src/client/mod.ts", "src/client/react.ts"];
const MAX_GZIP_BYTES = 12 * 1024;

Deno.test("everything that the client exports is documented", async () => {
  await deno("doc", "--lint", ...ENTRIES);
});

Deno.test("the examples in the documents compile", async () => {
  await deno("check", "--doc-only", "README.md", "docs/client.md", "src/client/README.md");
});

Deno.test("the client can be published to JSR", async () => {
  await deno("publish", "--dry-run", "--allow-dirty");
});

Deno.test("the client for browsers is at most 12 KB gzipped", async () => {
  const file = await Deno.makeTempFile({ suffix: ".js" });
  await deno("bundle", "--platform", "browser", "--minify", "--output", file, ENTRIES[0]!);
  const bytes = await sizeOf((await Deno.open(file)).readable.pipeThrough(
    new CompressionStream("gzip"),
  ));
  console.log(`${bytes} bytes`);
  assert.ok(bytes > 1_000 && bytes <= MAX_GZIP_BYTES, `${bytes} bytes`);
});

Deno.test("the package for npm holds what it promises, and leaves React to the app", async () => {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/client.tgz`;
  await deno("task", "pack", file);
  await run("tar", "xzf", file, "-C", folder);
  const description = JSON.parse(await Deno.readTextFile(`${folder}/package/package.json`));
  assert.equal(description.dependencies, undefined);
  assert.deepEqual(description.peerDependenciesMeta, { react: { optional: true } });
  for (const entry of Object.values<Record<string, string>>(description.exports)) {
    for (const path of [entry.types!, entry.import!]) {
      assert.ok((await Deno.stat(`${folder}/package/${path}`)).size > 0, path);
    }
  }
  const { createClient } = await import(`${folder}/package/src/client/mod.js`);
  assert.equal(createClient("http://localhost").connection.get().status, "idle");
});

function deno(...args: string[]): Promise<void> {
  return run(Deno.execPath(), ...args);
}

async function run(command: string, ...args: string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, cwd: ROOT }).output();
  assert.ok(success, [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n"));
}

async function sizeOf(stream: ReadableStream<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of stream) bytes += chunk.length;
  return bytes;
}
