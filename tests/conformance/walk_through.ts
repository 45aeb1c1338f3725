/** The README's walk-through, run as written; on each store by a file of its own. */
import assert from "node:assert/strict";
import { HANG_MS } from "../harness/deadline.ts";
import { playInTime } from "../harness/patience.ts";
import { ProcessGroup } from "../harness/process_group.ts";
import { type ServerProcess, spawnServer } from "../harness/server.ts";
import type { StoreSetting } from "../harness/stores.ts";

export function testWalkThrough({ name, fresh }: StoreSetting): void {
  Deno.test(`${name}: the README's walk-through works as written`, async () => {
    const server = await spawnServer(await fresh());
    const output = await runInTime(await walkThrough(server));
    assert.match(output, /"displayName":"Ada"/);
    assert.match(output, /room: walk-through/);
    assert.match(output, /message:ack/);
    assert.match(output, /2 Ada: Hello, Bob/);
    assert.match(output, /"hasMore":false/);
    await server.stop();
  });
}

/** The section's shell blocks in order, with the server's address replaced. */
async function walkThrough({ url }: ServerProcess): Promise<string> {
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const section = readme.match(/^## A walk through$(.*?)^## /ms)?.[1] ?? "";
  const blocks = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block);
  assert.ok(blocks.length >= 4, "the walk-through has its blocks");
  return blocks.join("\n").replace("http://127.0.0.1:3000", url);
}

/** Runs the script, anew where it waits for ever: it repeats nothing that is `unavailable`. */
async function runInTime(script: string): Promise<string> {
  const command = ["bash", "-euo", "pipefail", "-c", script];
  let output = "";
  let isLate = false;
  await playInTime(async () => {
    await using shell = ProcessGroup.start(command, await Deno.makeTempDir());
    const code = await shell.endsWithin(2 * HANG_MS);
    output = shell.output;
    isLate = code === null || output.includes("unavailable");
    assert.ok(code === 0 && !isLate, output);
  }, () => isLate);
  return output;
}
