/** Settings: what each takes, and the one line that stops a start. */
// @slow: starts processes
import assert from "node:assert/strict";
import { ConfigError, readConfig } from "../src/config.ts";
import { Account } from "./harness/account.ts";
import { runMain, spawnServer, startServer } from "./harness/server.ts";

const SECRETS = { JWT_SECRET: "a".repeat(32), JWT_REFRESH_SECRET: "b".repeat(32) };
const PRODUCTION = { NODE_ENV: "production", ...SECRETS };

Deno.test("every setting has a default", async () => {
  const DATA_DIR = await Deno.makeTempDir();
  const config = await readConfig({ DATA_DIR });
  const { accessSecret, refreshSecret, dataDir: _, ...rest } = config;
  assert.ok(accessSecret.length >= 32 && refreshSecret.length >= 32);
  assert.notEqual(accessSecret, refreshSecret);
  assert.deepEqual(rest, {
    production: false,
    host: "127.0.0.1",
    port: 3000,
    mongodbUri: null,
    s3: null,
    filesDir: `${DATA_DIR}/files`,
    maxFileSize: 25 * 1_024 * 1_024,
    maxFilesPerUser: 1_024 * 1_024 * 1_024,
    redisUrl: null,
    bus: "auto",
    workers: 1,
    corsOrigins: ["http://localhost:5173"],
    accessTtl: 15 * 60,
    refreshTtl: 7 * 24 * 60 * 60,
    bcryptCost: 12,
    adminEmails: [],
    adminPassword: null,
    editWindow: null,
    rateLimit: true,
    registrationOpen: true,
    trustProxy: 0,
    metricsToken: null,
    tryPage: true,
    logLevel: "info",
    logFormat: "pretty",
    warnings: [],
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

const S3 = {
  S3_ENDPOINT: "https://s3.example.com/",
  S3_BUCKET: "echoroom",
  S3_ACCESS_KEY_ID: "key",
  S3_SECRET_ACCESS_KEY: "hush",
};

Deno.test("files are on S3, in the folder that is set, in MongoDB or in DATA_DIR, in this order", async () => {
  const places = async (settings: Record<string, string>) => {
    const { s3, filesDir } = await readConfig({ ...SECRETS, DATA_DIR: "data", ...settings });
    return [s3?.endpoint ?? null, filesDir];
  };
  const [MONGODB_URI, FILES_DIR] = ["mongodb://host", "uploads"];
  const s3 = "https://s3.example.com";
  assert.deepEqual(await places({ ...S3, MONGODB_URI, FILES_DIR }), [s3, null]);
  assert.deepEqual(await places({ MONGODB_URI, FILES_DIR }), [null, "uploads"]);
  assert.deepEqual(await places({ MONGODB_URI }), [null, null]);
  assert.deepEqual(await places({}), [null, "data/files"]);
});

Deno.test("the region of S3 is that of services without regions, unless it is set", async () => {
  const region = async (settings: Record<string, string>) =>
    (await readConfig({ ...SECRETS, ...S3, ...settings })).s3?.region;
  assert.equal(await region({}), "us-east-1");
  assert.equal(await region({ S3_REGION: "eu-central-1" }), "eu-central-1");
});

Deno.test("a size is a number of bytes, KB, MB, GB or TB", async () => {
  const size = async (MAX_FILE_SIZE: string) =>
    (await readConfig({ ...SECRETS, MAX_FILE_SIZE })).maxFileSize;
  assert.equal(await size("2048"), 2_048);
  assert.equal(await size("1.5 kb"), 1_536);
  assert.equal(await size("5GB"), 5 * 1_024 ** 3);
});

const UNUSABLE: [settings: Record<string, string>, line: RegExp][] = [
  [{ PORT: "http" }, /^PORT is "http"; set it to a whole number from 0 to 65535$/],
  [{ PORT: "65536" }, /^PORT is 65536; set it to/],
  [{ PORT: "-1" }, /^PORT is "-1"; set it to/],
  [{ NODE_ENV: "prod" }, /^NODE_ENV is "prod"; set it to development or production$/],
  [{ MONGODB_URI: "localhost:27017" }, /^MONGODB_URI is not a MongoDB connection string; write/],
  [{ WORKERS: "0" }, /^WORKERS is "0"; set it to auto or a whole number from 1 to 64$/],
  [{ WORKERS: "many" }, /^WORKERS is "many"; set it to auto or a whole number from 1 to 64$/],
  [
    { HOST: "http://localhost" },
    /^HOST is "http:\/\/localhost", which is no host name or address; write/,
  ],
  [{ HOST: "127.0.0.1:3000" }, /^HOST is "127.0.0.1:3000", which is no host name/],
  [{ HOST: "[::1" }, /^HOST is "\[::1", which is no host name/],
  [{ REDIS_URL: "localhost" }, /^REDIS_URL is not a Redis URL; write/],
  [{ TRY_PAGE: "yes" }, /^TRY_PAGE is "yes"; set it to on or off$/],
  [{ REDIS_URL: "redis://ada:hush/hush@host:6379" }, /^REDIS_URL cannot be read; write/],
  [{ REDIS_URL: "redis://ada:hush%@host" }, /^REDIS_URL cannot be read; write/],
  [{ REDIS_URL: "redis://host:port" }, /^REDIS_URL cannot be read; write/],
  [{ REDIS_URL: "redis://host/first" }, /^REDIS_URL cannot be read; write/],
  [{ JWT_SECRET: `${"a".repeat(32)}\n${"b".repeat(32)}` }, /^JWT_SECRET holds a line break/],
  [{ JWT_SECRET: `"${"c".repeat(32)}"` }, /^JWT_SECRET is in quotes/],
  [{ METRICS_TOKEN: "one\ntwo" }, /^METRICS_TOKEN holds a line break/],
  [{ METRICS_TOKEN: "token\u2060" }, /^METRICS_TOKEN holds .* another invisible character; remove/],
  [{ JWT_SECRET: `${"a".repeat(32)}\u00ad` }, /^JWT_SECRET holds .* invisible character/],
  [{ JWT_SECRET: `\u200e${"a".repeat(32)}` }, /^JWT_SECRET holds .* invisible character/],
  [{ CORS_ORIGIN: "http://a.example\nhttp://b.example" }, /^CORS_ORIGIN holds a line break/],
  [{ METRICS_TOKEN: "tökën" }, /^METRICS_TOKEN holds characters that a header cannot carry/],
  [
    { MAX_FILE_SIZE: "25 apples" },
    /^MAX_FILE_SIZE is "25 apples"; set it to a size from 1KB to 5GB/,
  ],
  [{ MAX_FILE_SIZE: "6GB" }, /^MAX_FILE_SIZE is "6GB"; set it to a size from 1KB to 5GB, such/],
  [{ MAX_FILES_PER_USER: "0" }, /^MAX_FILES_PER_USER is "0"; set it to a size from 1KB to 1000TB/],
  [{ ...S3, S3_ENDPOINT: "s3.example.com" }, /^S3_ENDPOINT is not the URL of an S3 service; write/],
  [
    { ...S3, S3_ENDPOINT: "https://u:p@host" },
    /^S3_ENDPOINT is not the URL of an S3 service; write/,
  ],
  [
    { ...S3, S3_BUCKET: "My Bucket" },
    /^S3_BUCKET is not a bucket's name; write 3 to 63 lower-case/,
  ],
  [
    { ...S3, S3_BUCKET: "" },
    /^S3_BUCKET is not set, and S3_ENDPOINT is; set it to the bucket's name/,
  ],
  [
    { ...S3, S3_ENDPOINT: "" },
    /^S3_ENDPOINT is not set, and S3_BUCKET is; set it to the service's/,
  ],
  [{ ...S3, S3_ACCESS_KEY_ID: "" }, /^S3_ACCESS_KEY_ID is not set, and S3_ENDPOINT is; set it to/],
  [
    { ...S3, S3_SECRET_ACCESS_KEY: "" },
    /^S3_SECRET_ACCESS_KEY is not set, and S3_ENDPOINT is; set/,
  ],
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
  [{ ADMIN_EMAIL: "ada@example.com, ada" }, /^ADMIN_EMAIL holds "ada"; list email addresses/],
  [{ ADMIN_PASSWORD: "long enough" }, /^ADMIN_PASSWORD is set, and ADMIN_EMAIL is not; set it/],
  [
    { ADMIN_EMAIL: "ada@example.com", ADMIN_PASSWORD: "short" },
    /^ADMIN_PASSWORD is not a password; set one of 8 characters to 72 bytes$/,
  ],
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

Deno.test("all faults are named together, one line each", async () => {
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

Deno.test("a secret may hold emoji, with the joiners in them", async () => {
  const JWT_SECRET = "👩‍💻 ❤️ 🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}".repeat(2);
  const { accessSecret } = await readConfig({ ...SECRETS, JWT_SECRET });
  assert.equal(accessSecret, JWT_SECRET);
});

Deno.test("a list of origins may have line breaks beside its commas", async () => {
  const CORS_ORIGIN = "https://a.example,\n  https://b.example\r\n,https://c.example,\n";
  const { corsOrigins } = await readConfig({ ...SECRETS, CORS_ORIGIN });
  assert.deepEqual(corsOrigins, ["https://a.example", "https://b.example", "https://c.example"]);
});

Deno.test("emails of admins are listed once, in lower case", async () => {
  const { adminEmails } = await readConfig({
    ...SECRETS,
    ADMIN_EMAIL: " Ada@Example.com,bob@example.com, ada@example.com,",
  });
  assert.deepEqual(adminEmails, ["ada@example.com", "bob@example.com"]);
});

Deno.test("space, line breaks and a BOM around a value are ignored", async () => {
  const around = (value: string) => `\ufeff \t${value}\r\n`;
  const config = await readConfig({
    NODE_ENV: around("production"),
    JWT_SECRET: around("a".repeat(32)),
    JWT_REFRESH_SECRET: around("b".repeat(32)),
    METRICS_TOKEN: around("token"),
    REDIS_URL: around("redis://host"),
    MONGODB_URI: around("mongodb://host"),
    PORT: around("4000"),
    HOST: around("[::1]"),
    DATA_DIR: around("data"),
    CORS_ORIGIN: around("https://a.example"),
    BUS: "\r\n",
  });
  assert.deepEqual(
    [config.production, config.accessSecret, config.refreshSecret, config.metricsToken],
    [true, "a".repeat(32), "b".repeat(32), "token"],
  );
  assert.deepEqual(
    [config.redisUrl, config.mongodbUri, config.port, config.host, config.dataDir, config.bus],
    ["redis://host", "mongodb://host", 4000, "::1", "data", "auto"],
  );
  assert.deepEqual(config.corsOrigins, ["https://a.example"]);
});

const warningsOf = async (settings: Record<string, string>) =>
  (await readConfig({ ...SECRETS, ...settings })).warnings;

Deno.test("a misspelt name of a setting gets a hint, without its value", async () => {
  const near = {
    MONGO_URI: "MONGODB_URI",
    MONGODB_URL: "MONGODB_URI",
    MONGO_URL: "MONGODB_URI",
    REDIS_URI: "REDIS_URL",
    CORS_ORIGINS: "CORS_ORIGIN",
    ALLOWED_ORIGINS: "CORS_ORIGIN",
    RATE_LIMITS: "RATE_LIMIT",
    METRIC_TOKEN: "METRICS_TOKEN",
    JWT_ACESS_EXPIRES_IN: "JWT_ACCESS_EXPIRES_IN",
    LOGLEVEL: "LOG_LEVEL",
    NODEENV: "NODE_ENV",
    WORKER: "WORKERS",
    port: "PORT",
    PROT: "PORT",
    "data-dir": "DATA_DIR",
    TRUST_PROXIES: "TRUST_PROXY",
    NODE_ENVIRONMENT: "NODE_ENV",
    JWT_ACCESS_TOKEN_SECRET: "JWT_SECRET",
    JWT_REFRESH_TOKEN_SECRET: "JWT_REFRESH_SECRET",
    JWT_ACCESS_TTL: "JWT_ACCESS_EXPIRES_IN",
    JWT_REFRESH_TTL: "JWT_REFRESH_EXPIRES_IN",
    ALLOWED_ORIGIN: "CORS_ORIGIN",
    CORS_ALLOW_ORIGIN: "CORS_ORIGIN",
    DATA_DIRECTORY: "DATA_DIR",
    LOG_LVL: "LOG_LEVEL",
    MONGODB: "MONGODB_URI",
    MONGODB_CONNECTION: "MONGODB_URI",
    WORKER_COUNT: "WORKERS",
    METRICS_SECRET: "METRICS_TOKEN",
    RATE_LIMIT_ENABLED: "RATE_LIMIT",
  };
  for (const [name, meant] of Object.entries(near)) {
    const { [meant]: _, ...others } = SECRETS as Record<string, string>;
    const { warnings } = await readConfig({ ...others, [name]: "hush" });
    assert.deepEqual(warnings.filter((warning) => warning.includes(name)), [
      `${name} is not a setting and has no effect; did you mean ${meant}?`,
    ]);
  }
});

Deno.test("names of other programs get no hint, nor does one beside the setting itself", async () => {
  const others =
    "PATH HOME HOSTNAME LOGNAME USER SHELL PWD OLDPWD LANG TERM TMPDIR EDITOR NODE_PATH " +
    "NODE_OPTIONS NODE_VERSION REDIS_HOST REDIS_PORT REDIS_PASSWORD MONGODB_PORT MONGODB_USER " +
    "HTTP_PROXY NO_PROXY http_proxy XDG_DATA_DIRS XDG_DATA_HOME SSH_AUTH_SOCK GITHUB_TOKEN LOG_FILE " +
    "DENO_DIR DENO_ENV NPM_TOKEN POSTGRES_URL DATABASE_URL DB_HOST POST BUILD_DIR VIRTUAL_HOST";
  const settings = Object.fromEntries(others.split(" ").map((name) => [name, "x"]));
  assert.deepEqual(await warningsOf(settings), []);
  assert.deepEqual(await warningsOf({ PORT: "4000", port: "5000", LOG_LEVELS: "" }), []);
});

Deno.test("a refused start also names what may be misspelt", async () => {
  const { JWT_SECRET, JWT_REFRESH_SECRET } = SECRETS;
  const settings = { NODE_ENV: "production", JWT_SECRETS: JWT_SECRET, JWT_REFRESH_SECRET };
  const { output } = await runMain(settings);
  assert.match(output, /^EchoRoom warning: JWT_SECRETS is not a setting .* mean JWT_SECRET\?$/m);
  assert.match(output, /^EchoRoom cannot start: JWT_SECRET is not set/m);
  assert.ok(!output.includes(JWT_SECRET));
});

Deno.test("production without a proxy warns that sign-ins do not last over plain http", async () => {
  const { warnings } = await readConfig(PRODUCTION);
  assert.match(
    warnings.join(),
    /^NODE_ENV is production, .* plain http browsers drop the Secure cookie/,
  );
  assert.deepEqual((await readConfig({ ...PRODUCTION, TRUST_PROXY: "1" })).warnings, []);
  assert.deepEqual((await readConfig(SECRETS)).warnings, []);
});

Deno.test("a successful start prints its warnings after the start line, at every log level", async () => {
  const server = await spawnServer({ MONGO_URI: "mongodb://ada:hush@host", LOG_FORMAT: "json" });
  await server.stop();
  const [first, second] = server.output().split("\n").map((line) => line && JSON.parse(line));
  assert.match(first.message, /is ready at/);
  assert.equal(second.level, "WARN");
  assert.match(second.message, /MONGO_URI is not a setting .* did you mean MONGODB_URI\?$/);
  assert.ok(!server.output().includes("hush"));
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
      assert.match(
        error.message,
        /^DATA_DIR is ".*", whose development_secrets.json is damaged; restore .* or delete it: [^;]*$/,
      );
      assert.ok(!error.message.includes("confidential"));
      return true;
    });
  }
});

Deno.test("people can sign in with the longest times that are accepted", async () => {
  const server = await startServer({
    JWT_ACCESS_EXPIRES_IN: "400d",
    JWT_REFRESH_EXPIRES_IN: "400d",
  });
  const ada = await Account.register(server.url, "Ada");
  assert.equal((await ada.refresh()).status, 200);
  await server.stop();
});

Deno.test("a start that is refused ends with one line and exit code 1", async () => {
  const { code, output } = await runMain({ PORT: "http" });
  assert.equal(code, 1);
  assert.equal(
    output,
    'EchoRoom cannot start: PORT is "http"; set it to a whole number from 0 to 65535\n',
  );
});

Deno.test("a taken port, an impossible folder, a missing database: one line each", async () => {
  const taken = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const DATA_DIR = await Deno.makeTempDir();
  await Deno.writeTextFile(`${DATA_DIR}/file`, "");
  const cases: [Record<string, string>, RegExp][] = [
    [{ DATA_DIR, PORT: String(taken.addr.port) }, /: PORT is \d+, which is taken; set it to/],
    [
      { DATA_DIR, HOST: "no host" },
      /: HOST is "no host", which is no host name or address; write one such as/,
    ],
    [
      { DATA_DIR, HOST: "203.0.113.1" },
      /: HOST is "203.0.113.1", where it cannot listen .*; set it/,
    ],
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

Deno.test("a taken port, an impossible folder and an invalid value are named together", async () => {
  const taken = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const file = await Deno.makeTempFile();
  const { output } = await runMain({
    ...SECRETS,
    PORT: String(taken.addr.port),
    DATA_DIR: `${file}/below`,
    BUS: "kafka",
  });
  taken.close();
  assert.deepEqual(
    output.trim().split("\n").map((line) => line.slice(0, 50)).toSorted(),
    [
      'EchoRoom cannot start: BUS is "kafka"; set it to auto or memory or mongodb or redis',
      `EchoRoom cannot start: DATA_DIR is ${
        JSON.stringify(`${file}/below`)
      }, where nothing can be kept`,
      `EchoRoom cannot start: PORT is ${taken.addr.port}, which is taken; set it to another`,
    ].map((line) => line.slice(0, 50)),
  );
});

Deno.test("an impossible data folder is refused with our own message", async () => {
  const file = await Deno.makeTempFile();
  const cases: [folder: string, reason: string][] = [
    [file, "a file is in the way"],
    [`${file}/a/b`, "a file is in the way"],
    [`/tmp/${"x".repeat(300)}`, "the name is too long"],
  ];
  for (const [DATA_DIR, reason] of cases) {
    for (const secrets of [SECRETS, {}]) {
      const { code, output } = await runMain({ ...secrets, DATA_DIR });
      assert.equal(code, 1);
      assert.equal(
        output,
        `EchoRoom cannot start: DATA_DIR is "${DATA_DIR}", where nothing can be kept (${reason}); set it to a folder that can be written\n`,
      );
    }
  }
});

Deno.test("a MongoDB URI that cannot be read or used is refused without its user and password", async () => {
  const uris = [
    "mongodb://adalove:hush/hush@127.0.0.1:1/x",
    "mongodb://adalove:hu@hush@127.0.0.1:1/x",
    "mongodb://adalove:hush%@127.0.0.1:1/x",
    "mongodb://adalove:hush@",
    "mongodb://adalove:hush@127.0.0.1:1/x?authMechanism=hush",
    "mongodb://adalove:hush@127.0.0.1:1/x?w=1",
    "mongodb://adalove:hush@127.0.0.1:1/x",
  ];
  const runs = await Promise.all(uris.map((MONGODB_URI) => runMain({ ...SECRETS, MONGODB_URI })));
  for (const { code, output } of runs) {
    assert.equal(code, 1);
    assert.match(output, /^EchoRoom cannot start: MONGODB_URI cannot be used: [^\n]+; [^\n]+\n$/);
    assert.doesNotMatch(output, /adalove|hush/);
  }
});

Deno.test("a database file that is not a database stops the start with one line", async () => {
  const DATA_DIR = await Deno.makeTempDir();
  await Deno.writeTextFile(`${DATA_DIR}/echoroom.db`, "This is no database. ".repeat(1000));
  const { code, output } = await runMain({ DATA_DIR });
  assert.equal(code, 1);
  assert.match(output, /^EchoRoom cannot start: DATA_DIR .*not a database.*\n$/);
});

Deno.test("a place for files that cannot be written stops the start with one line", async () => {
  const DATA_DIR = await Deno.makeTempDir();
  const FILES_DIR = `${DATA_DIR}/a file`;
  await Deno.writeTextFile(FILES_DIR, "");
  const { code, output } = await runMain({ DATA_DIR, FILES_DIR });
  assert.equal(code, 1);
  assert.match(output, /^EchoRoom cannot start: FILES_DIR is .*a file is in the way.*\n$/);
});

Deno.test("the start line names the port that was free, the stores, the bus and the limits", async () => {
  const server = await spawnServer();
  const [line] = server.output().split("\n");
  assert.match(
    line!,
    /^EchoRoom \d+\.\d+\.\d+ is ready at http:\/\/127\.0\.0\.1:\d+ \(docs: .*\/docs; store: SQLite \(.*\); files: folder \(.*\); bus: memory .*; rate limits OFF\)$/,
  );
  assert.notEqual(new URL(server.url).port, "0");
  await server.stop();
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`${signal} ends it with exit code 0`, async () => {
    const server = await spawnServer();
    server.kill(signal);
    assert.equal((await server.ended).code, 0);
  });
}

Deno.test("logs name the user and the request, and hold no secret", async () => {
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
