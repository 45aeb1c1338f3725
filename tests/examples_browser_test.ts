/** The examples that belong into a page, on a page of another origin in a real Chromium. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { type Client, createClient } from "../src/client/mod.ts";
import { Account } from "./harness/account.ts";
import { launchBrowser, repeatUntilSeen } from "./harness/browser.ts";
import { becomes } from "./harness/client.ts";
import { enter } from "./harness/client_world.ts";
import { HANG_MS } from "./harness/deadline.ts";
import { addressedTo, IN_BROWSER, readExample, ROOT } from "./harness/examples.ts";
import { startServer } from "./harness/server.ts";

const ORIGIN = "docs/client.md, Ten lines from another origin";

/** What each example shows or prints, by its place. */
const RUNS: Record<string, (world: World) => Promise<void>> = {
  [`${ORIGIN}, ts 1`]: ({ prints }) => prints("Ada created the room\nHello from another origin"),
  "docs/client.md, Sign in, ts 1": async ({ prints }) => {
    await prints("connecting");
    await prints("online");
  },
  "docs/client.md, React, tsx 1": async ({ page, bob }) => {
    const bobs = await makeGeneral(bob);
    await page.getByText("Bob created the room").waitFor();
    await becomes(bobs.online, ({ count }) => count === 2);
    await repeatUntilSeen(() => bobs.keystroke(), page.locator("p").getByText("Bob"));
  },
  "src/client/README.md, EchoRoom's client, tsx 1": async ({ page, bob }) => {
    await page.getByText("online").waitFor();
    const bobs = await makeGeneral(bob);
    await page.getByText("Bob created the room").waitFor();
    await page.getByRole("button", { name: "Say hello" }).click();
    await page.locator("li[data-state=sent]").getByText("Hello").waitFor();
    await becomes(bobs.messages, (all) => all.at(-1)!.text === "Hello");
  },
  "src/client/react.ts, tsx 1": async ({ page, bob }) => {
    await makeGeneral(bob);
    await page.locator("li").getByText("Bob created the room").waitFor();
  },
};

let browser: Browser;
Deno.test.beforeAll(async () => void (browser = await launchBrowser()));
Deno.test.afterAll(() => browser.close());

Deno.test("every example for browsers is run", () => {
  assert.deepEqual(Object.keys(RUNS).toSorted(), IN_BROWSER.toSorted());
});

for (const [place, run] of Object.entries(RUNS)) {
  Deno.test(`the example works as its document states: ${place}`, () => onPage(place, run));
}

Deno.test("a page of an unlisted origin gets an error that names the likely cause", () =>
  onPage(`${ORIGIN}, ts 1`, async ({ page, origin, server }) => {
    const { message } = await page.waitForEvent("pageerror");
    const causes = `either it is not running, or its CORS_ORIGIN does not list ${origin}`;
    assert.equal(message, `The server cannot be reached at ${server}/: ${causes}.`);
  }, { CORS_ORIGIN: "https://elsewhere.example.com" }));

interface World {
  page: Page;
  /** Of the page, and of the server. */
  origin: string;
  server: string;
  /** Somebody else, on the same server. */
  bob: Client;
  /** Resolves once the page's console has had a line. */
  prints(line: string): Promise<void>;
}

/** Opens a page with one example in it, whose server is fresh but for Bob's account. */
async function onPage(
  place: string,
  act: (world: World) => Promise<void>,
  settings: Record<string, string> = {},
): Promise<void> {
  let script = "";
  let token = "";
  const pages: Record<string, () => [string, string]> = {
    "/": () => ["text/html", `<body></body><script type="module" src="/example.js"></script>`],
    "/example.js": () => ["text/javascript", script],
    "/my-backend/chat-token": () => ["text/plain", token],
  };
  const app = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ url }) => {
    const [type, body] = pages[new URL(url).pathname]?.() ?? ["text/plain", ""];
    return new Response(body, { headers: { "Content-Type": type } });
  });
  const origin = `http://127.0.0.1:${app.addr.port}`;
  const server = await startServer({ CORS_ORIGIN: origin, ...settings });
  const account = await Account.register(server.url, "Bob");
  token = account.token;
  script = await bundle(place, server.url);
  const bob = createClient(server.url, { token: () => Promise.resolve(account.token) });
  bob.connect();
  const context = await browser.newContext();
  context.setDefaultTimeout(HANG_MS);
  const page = await context.newPage();
  const lines: string[] = [];
  page.on("console", (message) => lines.push(message.text()));
  const prints = async (line: string) => {
    while (!lines.includes(line)) await page.waitForEvent("console");
  };
  const acted = act({ page, origin, server: server.url, bob, prints });
  try {
    await page.goto(origin);
    await acted;
  } finally {
    bob.close();
    await context.close();
    await server.stop();
    await app.shutdown();
  }
}

async function makeGeneral(bob: Client) {
  await bob.api.createRoom({ name: "General" });
  return await enter(bob, "general");
}

/** A component gets a client whose user has just signed up, and is shown. */
async function bundle(place: string, server: string): Promise<string> {
  const example = addressedTo(server, await readExample(place));
  const isComponent = place.includes("tsx");
  const mount = `
    import { createClient } from "@echoroom/client";
    import { createRoot } from "react-dom/client";
    const client = createClient("${server}");
    client.register({ email: "ada@example.com", password: "correct horse", displayName: "Ada" });
    createRoot(document.body).render(<Chat client={client} />);
  `;
  const file = join(await Deno.makeTempDir(), "example.tsx");
  await Deno.writeTextFile(file, isComponent ? example + mount : example);
  const args = ["bundle", "--quiet", "--platform", "browser", "--config", `${ROOT}deno.json`, file];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const decoder = new TextDecoder();
  assert.ok(success, decoder.decode(stderr));
  return decoder.decode(stdout);
}
