/**
 * Packs the client for npm: `deno task pack [file.tgz]`. Deno makes the package from `deno.json`;
 * what npm's readers and React apps expect beyond that is put in here.
 */
import { join } from "node:path";
import { create, extract } from "tar";

const CLIENT = join(import.meta.dirname!, "../src/client");
const target = Deno.args[0] ?? "echoroom-client.tgz";
const folder = await Deno.makeTempDir();

await run("pack", "--allow-dirty", "--no-source-maps", "--output", join(folder, "deno.tgz"));
await extract({ file: join(folder, "deno.tgz"), cwd: folder });
await Deno.copyFile(join(CLIENT, "README.md"), join(folder, "package/README.md"));
await describe(join(folder, "package/package.json"));
await create({ file: target, cwd: folder, gzip: true, portable: true }, ["package"]);
await Deno.remove(folder, { recursive: true });
console.log(`packed ${target}`);

/** React and Vue are peer dependencies: the app's own version, only for the hooks and composables. */
async function describe(file: string): Promise<void> {
  const { dependencies: _, ...description } = JSON.parse(await Deno.readTextFile(file));
  const all = {
    ...description,
    description: "A client of an EchoRoom server that never loses a message",
    keywords: ["chat", "websocket", "realtime", "react", "vue", "svelte"],
    // Up to 21 with the package ws.
    engines: { node: ">=20" },
    sideEffects: false,
    peerDependencies: { react: ">=18", vue: ">=3.5" },
    peerDependenciesMeta: { react: { optional: true }, vue: { optional: true } },
  };
  await Deno.writeTextFile(file, JSON.stringify(all, null, 2) + "\n");
}

async function run(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: join(import.meta.dirname!, ".."),
    stdout: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
