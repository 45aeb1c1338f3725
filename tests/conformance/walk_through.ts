/** The README's walk-through, run as written; on each store by a file of its own. */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { HANG_MS } from "../harness/deadline.ts";
import { patiently } from "../harness/patience.ts";
import { type ServerProcess, spawnServer } from "../harness/server.ts";
import type { StoreSetting } from "../harness/stores.ts";

export function testWalkThrough({ name, fresh }: StoreSetting): void {
  Deno.test(`${name}: the README's walk-through works as written`, async () => {
    const server = await spawnServer(await fresh());
    const output = await runPatiently(await walkThrough(server));
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
async function runPatiently(script: string): Promise<string> {
  const run = () => runOnce(script);
  return (await patiently(run, ({ isUnavailable }) => isUnavailable)).output;
}

async function runOnce(script: string): Promise<{ output: string; isUnavailable: boolean }> {
  const signal = AbortSignal.timeout(2 * HANG_MS);
  const command = new Deno.Command("bash", {
    args: ["-euo", "pipefail", "-c", script],
    cwd: await Deno.makeTempDir(),
    env: { PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`, NO_COLOR: "1" },
    signal,
  });
  const { code, stdout, stderr } = await command.output();
  const text = new TextDecoder();
  const output = text.decode(stdout);
  const isUnavailable = signal.aborted || output.includes("unavailable");
  if (!isUnavailable) assert.equal(code, 0, text.decode(stderr));
  return { output, isUnavailable };
}
