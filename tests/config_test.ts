/** Settings: what each takes, and the one line that stops a start. */
import assert from "node:assert/strict";
import { ConfigError, readConfig } from "../src/config.ts";
import { Account } from "./harness/account.ts";
import { runMain, spawnServer, startServer } from "./harness/server.ts";

const SECRETS = { JWT_SECRET: "a".repeat(32), JWT_REFRESH_SECRET: "b".repeat(32) };
const PRODUCTION = { NODE_ENV: "production", ...SECRETS };

Deno.test("without any setting there is a default for each", async () => {
  const config = await readConfig({ DATA_DIR: await Deno.makeTempDir() });
  const { accessSecret, refreshSecret, dataDir: _, ...rest } = config;
  assert.ok(accessSecret.length >= 32 && refreshSecret.length >= 32);
  assert.notEqual(accessSecret, refreshSecret);
  assert.deepEqual(rest, {
    production: false,
    host: "127.0.0.1",
    port: 3000,
    mongodbUri: null,
    redisUrl: null,
    bus: "auto",
    workers: 1,
    corsOrigins: ["http://localhost:5173"],
    accessTtl: 15 * 60,
    refreshTtl: 7 * 24 * 60 * 60,
    bcryptCost: 12,
    rateLimit: true,
    registrationOpen: true,
    trustProxy: 0,
    metricsToken: null,
    tryPage: true,
    logLevel: "info",
    logFormat: "pretty",
  });
});

Deno.test("in production it listens everywhere and logs JSON", async () => {
  const { host, logFormat, production } = await readConfig(PRODUCTION);
  assert.deepEqual([host, logFormat, production], ["0.0.0.0", "json", true]);
});

Deno.test("TRY_PAGE is on in development and off in production, unless it is set", async () => {
  const tryPage = async (settings: Record<string, string>) => (await readConfig(settings)).tryPage;
  assert.equal(await tryPage(SECRETS), true);
  assert.equal(await tryPage(PRODUCTION), false);
  assert.equal(await tryPage({ ...SECRETS, TRY_PAGE: "off" }), false);
  assert.equal(await tryPage({ ...PRODUCTION, TRY_PAGE: "on" }), true);
});

Deno.test("an empty value counts as unset", async () => {
  const config = await readConfig({ ...SECRETS, PORT: "", MONGODB_URI: "", CORS_ORIGIN: "" });
  assert.deepEqual([config.port, config.mongodbUri], [3000, null]);
});

const UNUSABLE: [settings: Record<string, string>, line: RegExp][] = [
  [{ PORT: "http" }, /^PORT is "http"; set it to a whole number from 0 to 65535$/],
  [{ PORT: "65536" }, /^PORT is 65536; set it to/],
  [{ PORT: "-1" }, /^PORT is "-1"; set it to/],
  [{ NODE_ENV: "prod" }, /^NODE_ENV is "prod"; set it to development or production$/],
  [{ MONGODB_URI: "localhost:27017" }, /^MONGODB_URI is not a MongoDB connection string; write/],
  [{ WORKERS: "0" }, /^WORKERS is "0"; set it to auto or a whole number from 1 to 64$/],
  [{ WORKERS: "many" }, /^WORKERS is "many"; set it to auto or a whole number from 1 to 64$/],
  [{ REDIS_URL: "localhost" }, /^REDIS_URL is not a Redis URL; write/],
  [{ TRY_PAGE: "yes" }, /^TRY_PAGE is "yes"; set it to on or off$/],
  [{ BUS: "kafka" }, /^BUS is "kafka"; set it to auto or memory or mongodb or redis$/],
  [{ JWT_SECRET: "short" }, /^JWT_SECRET is shorter than 32 bytes; make a longer one/],
  [{ JWT_REFRESH_SECRET: "short" }, /^JWT_REFRESH_SECRET is shorter than 32 bytes/],
  [{ JWT_REFRESH_SECRET: "a".repeat(32) }, /^JWT_REFRESH_SECRET is the same as JWT_SECRET; make/],
  [{ JWT_ACCESS_EXPIRES_IN: "soon" }, /^JWT_ACCESS_EXPIRES_IN is "soon"; set it to a time/],
  [{ JWT_ACCESS_EXPIRES_IN: "-5m" }, /^JWT_ACCESS_EXPIRES_IN is "-5m"; set it to a time/],
  [{ JWT_ACCESS_EXPIRES_IN: "999999999y" }, /^JWT_ACCESS_EXPIRES_IN is .* from 1s to 400d/],
  [{ JWT_REFRESH_EXPIRES_IN: "401d" }, /^JWT_REFRESH_EXPIRES_IN is "401d"; set it .* to 400d/],
  [{ JWT_REFRESH_EXPIRES_IN: "0" }, /^JWT_REFRESH_EXPIRES_IN is "0"; set it to a time/],
  [{ BCRYPT_COST: "3" }, /^BCRYPT_COST is 3; set it to a whole number from 4 to 15$/],
  [{ BCRYPT_COST: "16" }, /^BCRYPT_COST is 16; set it to/],
  [{ RATE_LIMIT: "no" }, /^RATE_LIMIT is "no"; set it to on or off$/],
  [{ REGISTRATION: "no" }, /^REGISTRATION is "no"; set it to open or closed$/],
  [{ TRUST_PROXY: "true" }, /^TRUST_PROXY is "true"; set it to a whole number/],
  [{ LOG_LEVEL: "loud" }, /^LOG_LEVEL is "loud"; set it to/],
  [{ LOG_FORMAT: "xml" }, /^LOG_FORMAT is "xml"; set it to pretty or json$/],
  [
    { NODE_ENV: "production", JWT_SECRET: "" },
    /^JWT_SECRET is not set, and NODE_ENV is production/,
  ],
  [
    { NODE_ENV: "production", JWT_REFRESH_SECRET: "" },
    /^JWT_REFRESH_SECRET is not set, and NODE_ENV is production/,
  ],
  [
    { NODE_ENV: "production", JWT_SECRET: "x".repeat(31) },
    /^JWT_SECRET is shorter than 32 bytes/,
  ],
  [
    { NODE_ENV: "production", JWT_REFRESH_SECRET: "a".repeat(32) },
    /^JWT_REFRESH_SECRET is the same as JWT_SECRET/,
  ],
  [
    { NODE_ENV: "production", BCRYPT_COST: "9" },
    /^BCRYPT_COST is 9, too cheap for production; set/,
  ],
  [
    { DENO_DEPLOYMENT_ID: "x", MONGODB_URI: "mongodb://db", WORKERS: "4" },
    /^WORKERS is 4, and Deno Deploy starts isolates by itself; unset it$/,
  ],
  [{ DENO_DEPLOYMENT_ID: "x" }, /^MONGODB_URI is not set, and Deno Deploy keeps no files/],
];

for (const [settings, line] of UNUSABLE) {
  Deno.test(`${JSON.stringify(settings)} stops the start with one line`, async () => {
    await assert.rejects(readConfig({ ...SECRETS, ...settings }), (error: Error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, line);
      assert.ok(!error.message.includes("\n"));
      return true;
    });
  });
}

Deno.test("every fault is named at once, one line each", async () => {
  const { code, output } = await runMain({
    ...PRODUCTION,
    JWT_SECRET: "short",
    JWT_REFRESH_SECRET: "",
    PORT: "http",
    BCRYPT_COST: "4",
    BUS: "redis",
  });
  assert.equal(code, 1);
  const named = output.trim().split("\n").map((line) => {
    return line.match(/^EchoRoom cannot start: (\w+) (is|holds) .*; (set|make) /)?.[1];
  });
  assert.deepEqual(named.toSorted(), [
    "BCRYPT_COST",
    "BUS",
    "JWT_REFRESH_SECRET",
    "JWT_SECRET",
    "PORT",
  ]);
});

Deno.test("no secret is ever shown", async () => {
  const secret = "this-is-short-and-secret";
  await assert.rejects(readConfig({ JWT_SECRET: secret }), (error: Error) => {
    return !error.message.includes(secret);
  });
});

Deno.test("development secrets are made once, kept, and readable by their owner only", async () => {
  const DATA_DIR = await Deno.makeTempDir();
  const configs = await Promise.all([1, 2, 3].map(() => readConfig({ DATA_DIR })));
  assert.equal(new Set(configs.map(({ accessSecret }) => accessSecret)).size, 1);
  const later = await readConfig({ DATA_DIR });
  assert.equal(later.refreshSecret, configs[0]!.refreshSecret);
  const { mode } = await Deno.stat(`${DATA_DIR}/development_secrets.json`);
  assert.equal(mode! & 0o077, 0);
});

Deno.test("development secrets that were damaged stop the start, and are not shown", async () => {
  const damaged = ["", "null", "{}", "confidential", `{"access":"${"confidential".repeat(3)}"}`];
  for (const text of damaged) {
    const DATA_DIR = await Deno.makeTempDir();
    await Deno.writeTextFile(`${DATA_DIR}/development_secrets.json`, text);
    await assert.rejects(readConfig({ DATA_DIR }), (error: Error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /^DATA_DIR is .*development_secrets.json is damaged: remove it/);
      assert.ok(!error.message.includes("confidential"));
      return true;
    });
  }
});

Deno.test("with the longest times that are taken people sign in", async () => {
  const server = await startServer({
    JWT_ACCESS_EXPIRES_IN: "400d",
    JWT_REFRESH_EXPIRES_IN: "400d",
  });
  const ada = await Account.register(server.url, "Ada");
  assert.equal((await ada.refresh()).status, 200);
  await server.stop();
});

Deno.test("a .env that cannot be read stops the start with one line", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/.env`);
  const { code, output } = await runMain({}, folder);
  assert.equal(code, 1);
  assert.match(
    output,
    /^EchoRoom cannot start: \.env cannot be read \(.*\); mend or remove it\.\n$/,
  );
});

Deno.test("a start that is refused ends with one line and exit code 1", async () => {
  const { code, output } = await runMain({ PORT: "http" });
  assert.equal(code, 1);
  assert.equal(
    output,
    'EchoRoom cannot start: PORT is "http"; set it to a whole number from 0 to 65535\n',
  );
});

Deno.test("a port that is taken, a folder that cannot be, a database that is not there: one line", async () => {
  const taken = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const DATA_DIR = await Deno.makeTempDir();
  await Deno.writeTextFile(`${DATA_DIR}/file`, "");
  const cases: [Record<string, string>, RegExp][] = [
    [{ DATA_DIR, PORT: String(taken.addr.port) }, /: PORT is \d+, which is taken; set it to/],
    [{ DATA_DIR, HOST: "no host" }, /: HOST is "no host", where .*; unset it, or mend it/],
    [{ DATA_DIR: `${DATA_DIR}/file` }, /: DATA_DIR is ".*", where .*; set it to a folder/],
    [{ ...SECRETS, DATA_DIR: `${DATA_DIR}/file/below` }, /: DATA_DIR is ".*", where .*; set it to/],
    [
      { DATA_DIR, MONGODB_URI: "mongodb://127.0.0.1:1/x" },
      /: MONGODB_URI cannot be used: .*start it/,
    ],
    [{ DATA_DIR, BUS: "redis" }, /: BUS is "redis", and REDIS_URL is not set; set it to/],
    [{ DATA_DIR, BUS: "mongodb" }, /: BUS is "mongodb", and MONGODB_URI is not set; set it to/],
    [
      { DATA_DIR, WORKERS: "2", PORT: String(taken.addr.port) },
      /: PORT is \d+, which is taken; set it to/,
    ],
    [{ DATA_DIR: `${DATA_DIR}/file`, WORKERS: "2" }, /: DATA_DIR is ".*", where .*; set it to/],
  ];
  const runs = await Promise.all(cases.map(([settings]) => runMain(settings)));
  taken.close();
  runs.forEach(({ code, output }, i) => {
    assert.equal(code, 1, output);
    assert.match(output, cases[i]![1]);
    assert.equal(output.trim().split("\n").length, 1, output);
  });
});

Deno.test("a database that is no database stops the start with one line", async () => {
  const DATA_DIR = await Deno.makeTempDir();
  await Deno.writeTextFile(`${DATA_DIR}/echoroom.db`, "This is no database. ".repeat(1000));
  const { code, output } = await runMain({ DATA_DIR });
  assert.equal(code, 1);
  assert.match(output, /^EchoRoom cannot start: DATA_DIR .*not a database.*\n$/);
});

Deno.test("the start line names the port that was free, the store, the bus and the limits", async () => {
  const server = await spawnServer();
  const [line] = server.output().split("\n");
  assert.match(
    line!,
    /^EchoRoom \d+\.\d+\.\d+ is ready at http:\/\/127\.0\.0\.1:\d+ \(docs: .*\/docs; store: SQLite \(.*\); bus: memory .*; rate limits OFF\)$/,
  );
  assert.notEqual(new URL(server.url).port, "0");
  await server.stop();
});

Deno.test(".env is read, and the environment wins over it", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/.env`, `LOG_FORMAT=json\nMETRICS_TOKEN="from the file"\n`);
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

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`${signal} ends it with exit code 0`, async () => {
    const server = await spawnServer();
    server.kill(signal);
    assert.equal((await server.ended).code, 0);
  });
}

Deno.test("logs tell who asked for what, and hold no secret", async () => {
  const server = await spawnServer({ LOG_LEVEL: "trace", LOG_FORMAT: "json" });
  const ada = await Account.register(server.url, "Ada");
  await ada.refresh();
  await ada.request("GET", "/auth/me");
  await ada.logOut();
  await server.stop();
  const lines = server.output().trim().split("\n").map((line) => JSON.parse(line));
  const me = lines.find(({ properties }) => properties?.path === "/auth/me");
  assert.equal(me.properties.userId, ada.id);
  assert.match(me.properties.requestId, /^[\w-]{8,}$/);
  for (const secret of [ada.token, ada.password, ada.cookie.split("=")[1]!, ada.email]) {
    assert.ok(!server.output().includes(secret), "a secret was logged");
  }
});
