/** What can be said behind the command that starts the server. */
import assert from "node:assert/strict";
import { readCommandLine } from "../src/config/command_line.ts";
import { runMain, spawnServer } from "./harness/server.ts";

Deno.test("--port and --host are taken in every spelling, also behind --", () => {
  for (
    const args of [
      ["--port", "4000", "--host", "::1"],
      ["--port=4000", "--host=::1"],
      ["--", "--port", "4000", "--", "--host=::1"],
      ["-p", "4000", "--host", "::1"],
      ["--port", "3000", "--port", "4000", "--host", "::1"],
    ]
  ) {
    const variables = { PORT: "4000", HOST: "::1" };
    assert.deepEqual(readCommandLine(args), { wants: null, variables, faults: [] });
  }
});

Deno.test("unknown options, and options without a value, are named", () => {
  const { faults } = readCommandLine([
    "--prot",
    "--port",
    "--verbose=yes",
    "start\nnow",
    "--host=",
  ]);
  assert.deepEqual(faults, [
    "--prot is not an option; --help lists those there are",
    "--port has no value; write --port 4000",
    "--verbose is not an option; --help lists those there are",
    '"start\\nnow" is not an option; --help lists those there are',
    "--host has no value; write --host 127.0.0.1",
  ]);
});

Deno.test("--help prints the usage and --version the version, without a start", async () => {
  const broken = { PORT: "http" };
  for (const flag of ["--help", "-h"]) {
    const { code, output } = await runMain(broken, undefined, ["--port", "1", flag]);
    assert.equal(code, 0);
    assert.match(output, /^Usage: /);
    for (const name of ["--port", "--host", "MONGODB_URI", "JWT_SECRET", "DATA_DIR"]) {
      assert.ok(output.includes(name), name);
    }
  }
  const { code, output } = await runMain(broken, undefined, ["--version"]);
  assert.equal(code, 0);
  assert.match(output, /^EchoRoom \d+\.\d+\.\d+\n$/);
});

Deno.test("a wrong option stops the start with one line, beside the other faults", async () => {
  const { code, output } = await runMain({ BUS: "kafka" }, undefined, ["--prot", "--port", "http"]);
  assert.equal(code, 1);
  assert.deepEqual(output.trim().split("\n"), [
    "EchoRoom cannot start: --prot is not an option; --help lists those there are",
    'EchoRoom cannot start: PORT is "http"; set it to a whole number from 0 to 65535',
    'EchoRoom cannot start: BUS is "kafka"; set it to auto or memory or mongodb or redis',
  ]);
});

Deno.test("--port and --host override the environment, and brackets are not part of an address", async () => {
  const server = await spawnServer({ PORT: "1", HOST: "203.0.113.1" }, undefined, [
    "--port=0",
    "--host=[::1]",
  ]);
  assert.match(server.url, /^http:\/\/\[::1\]:\d{2,}$/);
  assert.equal(
    (await fetch(`${server.url}/health`).then((response) => response.json())).status,
    "ok",
  );
  await server.stop();
});

Deno.test("a runtime without a permission stops the start with one line that names the flag", async () => {
  const main = new URL("../main.ts", import.meta.url).pathname;
  const folder = await Deno.makeTempDir();
  const run = async (...flags: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", ...flags],
      cwd: folder,
      env: { NO_COLOR: "1", PORT: "0" },
    }).output();
    return { code, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
  };
  const without = await run("--allow-read", main);
  assert.equal(without.code, 1);
  assert.match(
    without.output,
    /^EchoRoom cannot start: the runtime was started without --allow-env; start with `deno task start`, or add the flag\n$/,
  );
  const readOnly = await run("--allow-read", "--allow-env", "--allow-net", "--allow-sys", main);
  assert.equal(readOnly.code, 1);
  assert.match(
    readOnly.output,
    /^EchoRoom cannot start: DATA_DIR is "\.\/data", where nothing can be kept \(the runtime lacks .*--allow-write for it\); start with `deno task start`, or set it to .*\n$/,
  );
  assert.match((await run(main, "--help")).output, /^Usage: /);
});

Deno.test("a data folder among the operating system's own places is refused as such", async () => {
  for (const DATA_DIR of ["/dev/null/data", "/proc/data"]) {
    const { code, output } = await runMain({ DATA_DIR });
    assert.equal(code, 1);
    const place = JSON.stringify(DATA_DIR);
    assert.equal(
      output,
      `EchoRoom cannot start: DATA_DIR is ${place}, where nothing can be kept ` +
        "(it is a place of the operating system); set it to a folder that can be written\n",
    );
  }
});
