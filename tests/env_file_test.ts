/** The `.env` file: whatever an editor makes of it, each setting is read or the start is refused. */
import assert from "node:assert/strict";
import { readEnvFile } from "../src/config/env_file.ts";
import { runMain, spawnServer } from "./harness/server.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const utf16 = (text: string, littleEndian: boolean) => {
  const bytes = new DataView(new ArrayBuffer(text.length * 2));
  for (let i = 0; i < text.length; i++) bytes.setUint16(i * 2, text.charCodeAt(i), littleEndian);
  return new Uint8Array(bytes.buffer);
};

async function write(content: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const path = `${await Deno.makeTempDir()}/.env`;
  await Deno.writeFile(path, typeof content === "string" ? utf8(content) : content);
  return path;
}

const read = async (content: string | Uint8Array<ArrayBuffer>) =>
  await readEnvFile(await write(content));

const TEXT = "NODE_ENV=production\nPORT=4000 # grün\n";
const BOM = "\ufeff";

for (
  const [name, content] of [
    ["UTF-8", utf8(TEXT)],
    ["UTF-8 with a byte-order mark", utf8(BOM + TEXT)],
    ["UTF-16 LE with a byte-order mark", utf16(BOM + TEXT, true)],
    ["UTF-16 BE with a byte-order mark", utf16(BOM + TEXT, false)],
    ["UTF-16 LE", utf16(TEXT, true)],
    ["UTF-16 BE", utf16(TEXT, false)],
    ["CRLF line ends", utf8(TEXT.replaceAll("\n", "\r\n"))],
    ["CR line ends", utf8(TEXT.replaceAll("\n", "\r"))],
    [
      "two files, one behind the other, each with a mark",
      utf8(`${BOM}NODE_ENV=production\n${BOM}PORT=4000`),
    ],
  ] as const
) {
  Deno.test(`${name} is read whole`, async () => {
    const variables = { NODE_ENV: "production", PORT: "4000" };
    assert.deepEqual(await read(content), { variables, faults: [] });
  });
}

const LINES: [line: string, value: string][] = [
  ["A=x", "x"],
  ["export A=x", "x"],
  ["  A = x  ", "x"],
  ["A=x # comment", "x"],
  ["A=x#y", "x#y"],
  ["A=x=y", "x=y"],
  ["A=it's", "it's"],
  [`A="x # y" # comment`, "x # y"],
  ["A='x \"y\"'", 'x "y"'],
  ["A=`x`", "x"],
  ['A="one\\ntwo"', "one\ntwo"],
  ['A="one\ntwo"', "one\ntwo"],
  ["A=", ""],
  ['A=""', ""],
];

for (const [line, value] of LINES) {
  Deno.test(`${JSON.stringify(line)} sets A to ${JSON.stringify(value)}`, async () => {
    const expected = { variables: { A: value, B: "2" }, faults: [] };
    assert.deepEqual(await read(`# first\n\n${line}\n  # B=1\nB=2`), expected);
  });
}

Deno.test("a line that sets nothing is named by its number, and loses no other", async () => {
  for (const line of ["A: hush", "hush", "export A", "=hush", '"A"=hush']) {
    const { variables, faults } = await read(`B=1\n${line}\nC=2`);
    assert.deepEqual(variables, { B: "1", C: "2" });
    assert.match(faults.join("\n"), /^\.env has a line 2 that is not NAME=value; write it so/);
    assert.ok(!faults.join().includes("hush"));
  }
});

Deno.test("an unclosed quote is named, and loses no other setting", async () => {
  for (const line of ['A="hush', "A='hush", 'A="hush"hush', "A=\"hush\nD='x' it's"]) {
    const { variables, faults } = await read(`B=1\n${line}\nC=2`);
    assert.equal(variables.A, undefined);
    assert.deepEqual([variables.B, variables.C], ["1", "2"]);
    assert.match(faults[0]!, /^\.env sets A in line 2 with a quote that does not end .*; put one/);
    assert.ok(!faults.join().includes("hush"));
  }
});

Deno.test("a Unicode line or paragraph separator does not end a line", async () => {
  for (const separator of ["\u2028", "\u2029"]) {
    const lines = [`# one${separator}two`, `A=one${separator}two`, `B="b" # one${separator}two`];
    const { variables, faults } = await read([...lines, `no${separator}setting`, "C=2"].join("\n"));
    assert.deepEqual(variables, { A: `one${separator}two`, B: "b", C: "2" });
    assert.equal(faults.length, 1);
    assert.match(faults[0]!, /line 4 that is not NAME=value/);
  }
});

Deno.test("without a file nothing is set", async () => {
  const path = `${await Deno.makeTempDir()}/.env`;
  assert.deepEqual(await readEnvFile(path), { variables: {}, faults: [] });
});

Deno.test("a file that is neither UTF-8 nor UTF-16 is refused", async () => {
  for (
    const bytes of [[0x41, 0x3d, 0xfc, 0x0a], [0xff, 0xfe, 0, 0, 0x41, 0, 0, 0], [0x41, 0, 0, 0x3d]]
  ) {
    await assert.rejects(read(new Uint8Array(bytes)), {
      message:
        ".env cannot be read (it is neither UTF-8 nor UTF-16; save it as UTF-8); correct it, or remove it",
    });
  }
});

Deno.test("a folder, and a link to nowhere, are refused with the reason", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.symlink("nowhere", `${folder}/link`);
  await assert.rejects(readEnvFile(folder), /\.env cannot be read \(it is a folder\); correct it/);
  await assert.rejects(readEnvFile(`${folder}/link`), /cannot be read \(there is no such place\)/);
});

Deno.test("a file that this user, or the runtime, may not read is refused with the reason", async () => {
  const path = await write("PORT=4000");
  await Deno.chmod(path, 0);
  const script = `${await Deno.makeTempDir()}/read.ts`;
  await Deno.writeTextFile(
    script,
    `import { setuid } from "node:process";
     import { readEnvFile } from ${
      JSON.stringify(import.meta.resolve("../src/config/env_file.ts"))
    };
     if (Deno.args[0]) setuid(Number(Deno.args[0]));
     await readEnvFile(${JSON.stringify(path)}).catch((error) => console.log(error.message));`,
  );
  const message = async (permission: string, ...args: string[]) => {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-config", "--no-prompt", permission, script, ...args],
    }).output();
    return new TextDecoder().decode(stdout).trim();
  };
  const nobody = Deno.uid() === 0 ? ["65534"] : [];
  assert.equal(
    await message("--allow-all", ...nobody),
    ".env cannot be read (this user has no permission); correct it, or remove it",
  );
  assert.equal(
    await message("--deny-read"),
    ".env cannot be read (the runtime lacks --allow-read or --allow-write for it); correct it, or remove it",
  );
});

Deno.test("a .env that cannot be read stops the start with one line", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/.env`);
  const { code, output } = await runMain({}, folder);
  assert.equal(code, 1);
  assert.equal(
    output,
    "EchoRoom cannot start: .env cannot be read (it is a folder); correct it, or remove it\n",
  );
});

Deno.test("a line of .env that sets nothing stops the start, beside the other faults", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/.env`, "PORT: 4000\nBUS=kafka\n");
  const { code, output } = await runMain({}, folder);
  assert.equal(code, 1);
  assert.match(output, /^EchoRoom cannot start: \.env has a line 1 that is not NAME=value; .*$/m);
  assert.match(output, /^EchoRoom cannot start: BUS is "kafka"; .*$/m);
});

Deno.test(".env is read, and the environment wins over it", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(
    `${folder}/.env`,
    `${BOM}LOG_FORMAT=json\r\nexport METRICS_TOKEN="from the file"\r\n`,
  );
  const server = await spawnServer({ METRICS_TOKEN: "from the environment" }, folder);
  assert.match(JSON.parse(server.output().split("\n")[0]!).message, /is ready at/);
  const metrics = async (token: string) => {
    const response = await fetch(`${server.url}/metrics`, {
      headers: { authorization: `Bearer ${token}` },
    });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await metrics("from the file"), 401);
  assert.equal(await metrics("from the environment"), 200);
  await server.stop();
});
