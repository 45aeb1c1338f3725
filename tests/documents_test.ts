/** The documents against the project: the settings, events, codes, links and paths that they name. */
import assert from "node:assert/strict";
import { dirname, join, normalize, relative } from "node:path";
import { readConfig } from "../src/config.ts";
import { Settings } from "../src/config/settings.ts";
import { ERROR_CODES } from "../src/domain/errors.ts";
import { CLIENT_EVENTS, SERVER_EVENTS } from "../src/protocol/schemas/events.ts";
import { ROOT } from "./harness/examples.ts";

/** Read by the runtime, not by EchoRoom. */
const OF_THE_RUNTIME = ["OTEL_DENO", "OTEL_EXPORTER_OTLP_ENDPOINT"];
/** What has no default: the example shows how to write it, or nothing. */
const WITHOUT_DEFAULT = [
  "MONGODB_URI",
  "REDIS_URL",
  "FILES_DIR",
  "S3_ENDPOINT",
  "S3_BUCKET",
  "S3_ACCESS_KEY_ID",
  "S3_SECRET_ACCESS_KEY",
  "S3_REGION",
  "JWT_SECRET",
  "JWT_REFRESH_SECRET",
  "ADMIN_EMAIL",
  "ADMIN_PASSWORD",
  "METRICS_TOKEN",
];

const examples = await readSettingsExample();
const documents = await readDocuments();

Deno.test("the example of a .env has each setting once", () => {
  const named = examples.map(([name]) => name).filter((name) => !OF_THE_RUNTIME.includes(name));
  assert.deepEqual(named.toSorted(), Object.keys(Settings.shape).toSorted());
});

Deno.test("what the example of a .env shows is the default", async () => {
  const shown = examples.filter(([name]) =>
    ![...OF_THE_RUNTIME, ...WITHOUT_DEFAULT].includes(name)
  );
  const config = await readConfig({ ...Object.fromEntries(shown), ...SECRETS });
  assert.deepEqual(config, await readConfig(SECRETS));
});

Deno.test("examples of settings without a default are accepted", async () => {
  const shown = examples.filter(([name, value]) => WITHOUT_DEFAULT.includes(name) && value !== "");
  const keys = { S3_ACCESS_KEY_ID: "key", S3_SECRET_ACCESS_KEY: "secret" };
  await readConfig({ ...Object.fromEntries(shown), ...SECRETS, ...keys });
});

Deno.test("every setting that the README's table names exists", () => {
  const table = documents.get("README.md")!.match(/^## Settings$.*?^## /ms)![0];
  const names = [...table.matchAll(/^\| (`[^|]*)\|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`(\w+)`/g)].map(([, name]) => name!)
  );
  assert.ok(names.length > 20);
  assert.deepEqual(names.filter((name) => !(name in Settings.shape)), []);
});

Deno.test("every link in the documents leads to a file, and to a heading in it", async () => {
  const broken: string[] = [];
  for (const [path, text] of documents) {
    for (const target of linksOf(text)) {
      const [file, heading] = target.split("#") as [string, string?];
      const place = file === "" ? path : normalize(join(dirname(path), file));
      const exists = await Deno.stat(join(ROOT, place)).then(() => true, () => false);
      const isThere = exists && (heading === undefined || headingsOf(place).includes(heading));
      if (!isThere) broken.push(`${path}: ${target}`);
    }
  }
  assert.deepEqual(broken, []);
});

Deno.test("the architecture names every event between instances", async () => {
  const port = await Deno.readTextFile(join(ROOT, "src/ports/bus.ts"));
  const kinds = [...port.matchAll(/\| \{ kind: "(\w+)"/g)].map(([, kind]) => kind!);
  const table = documents.get("docs/architecture.md")!.match(/^\| event .*?^$/ms)![0];
  const named = [...table.matchAll(/`(\w+)`/g)].map(([, kind]) => kind!);
  assert.deepEqual(named.toSorted(), kinds.toSorted());
});

Deno.test("the protocol's page names every event and every error code", () => {
  const page = documents.get("docs/protocol.md")!;
  const errors = page.match(/^## Errors$.*?^## /ms)![0];
  assert.deepEqual(ERROR_CODES.filter((code) => !errors.includes(`\`${code}\``)), []);
  const events = [...Object.keys(CLIENT_EVENTS), ...Object.keys(SERVER_EVENTS)];
  assert.deepEqual(events.filter((event) => !page.includes(event)), []);
});

Deno.test("every source file that the architecture names is there", async () => {
  const text = withoutCode(documents.get("docs/architecture.md")!);
  const named = [...text.matchAll(/`([\w/]+\/\w+\.ts)`/g)].map(([, path]) => path!);
  assert.ok(named.length > 50);
  const missing = [];
  for (const path of new Set(named)) {
    const places = ["", "src/"].map((folder) => join(ROOT, folder, path));
    const found = await Promise.all(places.map((place) => Deno.stat(place).catch(() => null)));
    if (found.every((info) => info === null)) missing.push(path);
  }
  assert.deepEqual(missing, []);
});

const SECRETS = { JWT_SECRET: "a".repeat(32), JWT_REFRESH_SECRET: "b".repeat(32) };

/** The settings of `.env.example`, each a name and a value, in the order of their lines. */
async function readSettingsExample(): Promise<[string, string][]> {
  const text = await Deno.readTextFile(join(ROOT, ".env.example"));
  return [...text.matchAll(/^# ([A-Z0-9_]+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]);
}

/** All documents but the changelog, whose past names what was, by their paths. */
async function readDocuments(): Promise<Map<string, string>> {
  const folders = ["", "bench", "bench/results", "docs", "docs/guides", "src/client"];
  const texts = new Map<string, string>();
  for (const folder of folders) {
    for await (const { name } of Deno.readDir(join(ROOT, folder))) {
      if (!name.endsWith(".md") || name === "CHANGELOG.md") continue;
      const place = join(ROOT, folder, name);
      texts.set(relative(ROOT, place), await Deno.readTextFile(place));
    }
  }
  return texts;
}

function linksOf(text: string): string[] {
  const links = withoutCode(text).matchAll(/\]\(([^)\s]+)\)|<img src="([^"]+)"/g);
  return [...links].map(([, link, image]) => link ?? image!)
    .filter((target) => !target.startsWith("https://"));
}

/** The anchors that Markdown's readers make of headings. */
function headingsOf(path: string): string[] {
  const text = withoutCode(documents.get(path) ?? "");
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  );
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```.*?^```$/gms, "");
}
