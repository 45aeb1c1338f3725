/** The examples in the documents, run as they stand against fresh servers; only addresses differ. */
// @slow: runs every example
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  addressedTo,
  IN_BROWSER,
  IN_GUIDES,
  NOT_RUN,
  readExample,
  readExamples,
  ROOT,
} from "./harness/examples.ts";
import { request } from "./harness/account.ts";
import { ProcessGroup } from "./harness/process_group.ts";
import { startServer } from "./harness/server.ts";

/** What a clone needs of this folder to start. */
const CLONED = ["commands", "deno.json", "deno.lock", "dev", "main.ts", "src", "web"];
const READY = /is ready at (http:\S+) /;
const WALK = [1, 2, 3, 4].map((n) => `README.md, A walk through, sh ${n}`);

const BACKUP = [1, 2].map((n) => `docs/operations.md, Backups and upgrades, sh ${n}`);

/** What each example does, by its place. */
const RUNS: Record<string, (place: string) => Promise<void>> = {
  "README.md, Two commands, sh 1": async (place) => {
    await using clone = await runInClone(place);
    const output = await clone.prints(READY);
    const shown = /^EchoRoom .*/m.exec(await Deno.readTextFile(`${ROOT}README.md`))![0];
    const { port } = new URL(READY.exec(output)![1]!);
    const printed = /^EchoRoom .*/m.exec(output)![0];
    assert.equal(printed.replaceAll(`:${port}`, ":3000"), shown);
    assert.ok((await Deno.stat(join(clone.folder, "data"))).isDirectory);
  },
  "README.md, Many instances, sh 1": async (place) => {
    await using clone = await runInClone(place);
    const url = READY.exec(await clone.prints(READY))![1]!;
    assert.deepEqual(await (await fetch(`${url}/health`)).json(), { status: "ok" });
  },
  "README.md, From your own front end, ts 1": (place) => printsLine(place, /^Hello sent$/m),
  "docs/client.md, Ten lines from another origin, sh 1": async (place) => {
    await using clone = await runInClone(place);
    const url = READY.exec(await clone.prints(READY))![1]!;
    for (const Origin of ["http://localhost:5173", "https://app.example.com"]) {
      const response = await fetch(`${url}/rooms`, { headers: { Origin } });
      await response.body?.cancel();
      assert.equal(response.headers.get("Access-Control-Allow-Origin"), Origin);
    }
  },
  "docs/client.md, Programs and bots, ts 1": (place) =>
    printsLine(place, /^It is entry 2 of the room's log\.$/m),
  "docs/client.md, Show rooms, ts 1": (place) =>
    printsLine(place, /^General: 0 unread, 0 mentions, last \d{4}-.*Z$/m),
  "docs/client.md, Show messages, ts 1": (place) => printsLine(place, /^Ada: Hello \(sent\)$/m),
  "docs/client.md, Send, ts 1": (place) =>
    printsLine(place, /^Hello\nIt is entry 2 of the room's log\.\nvalidation_failed$/m),
  "docs/client.md, Send files, ts 1": (place) => printsLine(place, /^letter\.txt Dear Bob$/m),
  "docs/client.md, Edit, delete, react, answer, ts 1": (place) =>
    printsLine(place, /^Who is there\?$/m),
  "docs/client.md, Members, moderation, people, ts 1": (place) => printsLine(place, /^owner$/m),
  "docs/client.md, Sounds, notifications and logs, ts 1": (place) =>
    printsLine(place, /^Ada reacted to "Hello" with 👍$/m),
  "docs/client.md, Debug, ts 1": (place) => printsLine(place, /^opened/m),
  "docs/client.md, Pins and threads, ts 1": (place) => printsLine(place, /^Answers: I do$/m),
  "docs/client.md, Search, ts 1": (place) =>
    printsLine(place, /^green, tea in Search: The green tea is ready\nnull$/m),
  "docs/client.md, Mark what is read, ts 1": (place) => printsLine(place, /^0 unread$/m),
  "docs/client.md, Offline, ts 1": (place) => printsLine(place, /^queued\nsent$/m),
  "docs/client.md, Test your app, ts 1": async (place) => {
    await using program = await runProgram("test", await readExample(place));
    await program.prints(/1 passed/);
  },
  "docs/operations.md, Admins, sh 1": async (place) => {
    const folder = await clone();
    await using server = runShell("deno task start", folder);
    const [, url] = READY.exec(await server.prints(READY))!;
    const email = "ada@example.com";
    const account = { email, password: "correct horse", displayName: "Ada" };
    await request(url!, "POST", "/auth/register", { body: account });
    await using shell = runShell(await readExample(place), folder);
    assert.match(await shell.ends(), /^Ada \(ada@example.com\) is an admin/m);
  },
  "docs/protocol.md, The ten steps as a program, ts 1": (place) =>
    printsLine(place, /^2 Hello \(edited\) 👍 1\n5 \(deleted\)$/m),
  "src/client/README.md, EchoRoom's client, ts 1": (place) => printsLine(place, /^Hello sent$/m),
  "src/client/bot.ts, ts 1": (place) => printsLine(place, /^The bot is running$/m),
  "src/client/client.ts, ts 1": (place) => printsLine(place, /^Hello sent$/m),
  "src/client/debug.ts, ts 1": (place) =>
    printsLine(place, /^sent {"event":"auth:identify","data":{"token":"…"},"ref":1}$/m),
  "src/client/rest/mod.ts, ts 1": (place) => printsLine(place, /^https?:\S+\/#\/invite\/[\w-]+$/m),
  "src/client/mod.ts, ts 1": (place) => printsLine(place, /^Hello sent$/m),
  "src/client/svelte.ts, ts 1": (place) => printsLine(place, /^nobody$/m),
  "src/client/vue.ts, ts 1": async (place) => {
    await using program = await runProgram("run", await readExample(place));
    await program.ends();
  },
  "src/client/testing/mod.ts, ts 1": async (place) => {
    await using program = await runProgram("run", await readExample(place));
    await program.prints(/^I am$/m);
  },
};

Deno.test("every example in the documents is run, or listed with the reason why not", async () => {
  const elsewhere = [...IN_BROWSER, ...IN_GUIDES, ...Object.keys(NOT_RUN)];
  const known = [...Object.keys(RUNS), ...WALK, ...BACKUP, ...elsewhere];
  const places = (await readExamples()).map(({ place }) => place);
  assert.deepEqual(known.toSorted(), places.toSorted());
});

for (const [place, run] of Object.entries(RUNS)) {
  Deno.test(`the example works as its document states: ${place}`, () => run(place));
}

Deno.test("the README's walkthrough works block by block in one shell", {
  ignore: !await isInstalled("curl"),
}, async () => {
  const server = await startServer();
  const blocks = await Promise.all(WALK.map(readExample));
  const script = blocks.join("\n").replace("http://127.0.0.1:3000", server.url);
  await using shell = runShell(script, await Deno.makeTempDir());
  const output = await shell.ends();
  for (
    const expected of [
      /"displayName":"Ada"/,
      /room: walk-through$/m,
      /^message:ack \{/m,
      /^2 Ada: Hello, Bob$/m,
      /^\{"messages":\[.*"text":"Hello, Bob".*"hasMore":false/m,
    ]
  ) assert.match(output, expected);
  await server.stop();
});

Deno.test("a backup that was made as documented while the server ran is restored as documented", async () => {
  const [folder, backups] = await Promise.all([clone(), Deno.makeTempDir()]);
  const [backup, restore] = (await Promise.all(BACKUP.map(readExample)))
    .map((script) => script.replaceAll("/backups", backups));
  {
    await using server = runShell("deno task start", folder);
    await server.prints(READY);
    await using copy = runShell(backup!, folder);
    await copy.ends();
  }
  const [file] = await Array.fromAsync(Deno.readDir(backups), ({ name }) => join(backups, name));
  assert.match(file!, /\/echoroom-\d{4}-\d\d-\d\d\.db$/);
  await using shell = runShell(restore!.replace(/\S+\.db/, file!), folder);
  assert.match(await shell.ends(), /^Restored /m);
});

async function isInstalled(command: string): Promise<boolean> {
  const output = new Deno.Command(command, { args: ["--version"] }).output();
  return await output.then(() => true, () => false);
}

/** Runs a program against a fresh server until it has printed what is expected. */
async function printsLine(place: string, expected: RegExp): Promise<void> {
  const server = await startServer();
  {
    const code = addressedTo(server.url, await readExample(place));
    await using program = await runProgram("run", code);
    await program.prints(expected);
  }
  await server.stop();
}

/** Starts a program, or a file of tests. */
async function runProgram(command: "run" | "test", code: string) {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(join(folder, "hello_test.ts"), code);
  // What the documents show is type-checked by client_package_test.ts.
  const options = ["--allow-net", "--allow-env", "--no-check", "--config", `${ROOT}deno.json`];
  return ProcessGroup.start([Deno.execPath(), command, ...options, "hello_test.ts"], folder);
}

/** Runs a block of shell commands in what somebody has who has just cloned the project. */
async function runInClone(place: string) {
  const folder = await clone();
  return Object.assign(runShell(await readExample(place), folder), { folder });
}

async function clone(): Promise<string> {
  const folder = await Deno.makeTempDir();
  const sources = CLONED.map((name) => ROOT + name);
  await using copy = ProcessGroup.start(["cp", "-r", ...sources, folder], ROOT);
  await copy.ends();
  return folder;
}

function runShell(script: string, folder: string) {
  return ProcessGroup.start(["bash", "-euc", script], folder);
}
