/** The hooks, in a React app of another origin, in a real Chromium. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { type Client, createClient } from "../src/client/mod.ts";
import { Account } from "./harness/account.ts";
import { launchBrowser, repeatUntilSeen } from "./harness/browser.ts";
import { becomes } from "./harness/client.ts";
import { enter } from "./harness/client_world.ts";
import { HANG_MS } from "./harness/deadline.ts";
import { startServer } from "./harness/server.ts";

Deno.test("a React app of another origin signs up, chats, types and stays signed in", () =>
  onApp(async ({ page, bob }) => {
    const bobs = await enter(bob, "general");
    await signUp(page);
    await page.getByText("Bob created the room").waitFor();
    await becomes(bobs.online, ({ count }) => count === 2);
    await page.locator("#online").getByText("2").waitFor();
    await page.fill("[name=text]", "Hello, Bob");
    await page.press("[name=text]", "Enter");
    await becomes(bobs.messages, (messages) => messages.at(-1)!.text === "Hello, Bob");
    await page.locator("li[data-state=sent]").getByText("Hello, Bob").waitFor();
    await repeatUntilSeen(() => bobs.keystroke(), page.locator("#typing").getByText("Bob"));
    await bobs.send("Hello, Ada");
    await page.getByText("Hello, Ada").waitFor();
    await page.reload();
    await page.getByText("Hello, Ada").waitFor();
  }));

Deno.test("a React component that shows another room leaves the one before, and never mixes them", () =>
  onApp(async ({ page, bob }) => {
    const general = await enter(bob, "general");
    await general.send("In general");
    await (await enter(bob, "elsewhere")).send("In elsewhere");
    await signUp(page);
    for (const slug of ["general", "elsewhere", "general"]) {
      await page.getByRole("button", { name: slug }).click();
      await page.getByText(`In ${slug}`).waitFor();
      await becomes(general.online, ({ count }) => count === (slug === "general" ? 2 : 1));
    }
    await page.getByRole("button", { name: "none" }).click();
    await becomes(general.online, ({ count }) => count === 1);
    assert.equal(await page.locator("li").count(), 0);
  }));

Deno.test("a React component that stays while another user signs in shows the room to them", () =>
  onApp(async ({ page, bob }) => {
    const bobs = await enter(bob, "general");
    await signUp(page, "Ada");
    await becomes(
      bobs.online,
      ({ users }) => users.some(({ displayName }) => displayName === "Ada"),
    );
    await page.getByRole("button", { name: "sign out" }).click();
    await page.locator("li").waitFor({ state: "detached" });
    await signUp(page, "Carol");
    await becomes(
      bobs.online,
      ({ users }) => users.some(({ displayName }) => displayName === "Carol"),
    );
    await bobs.send("Hello, Carol");
    await page.getByText("Hello, Carol").waitFor();
  }));

interface World {
  page: Page;
  /** Somebody else, on the server of the app. */
  bob: Client;
}

async function onApp(act: (world: World) => Promise<void>): Promise<void> {
  const script = await bundle();
  const app = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ url }) => {
    const isScript = new URL(url).pathname === "/app.js";
    const body = isScript ? script : `<body></body><script type="module" src="/app.js"></script>`;
    const type = isScript ? "text/javascript" : "text/html";
    return new Response(body, { headers: { "Content-Type": type } });
  });
  const origin = `http://127.0.0.1:${app.addr.port}`;
  const server = await startServer({ CORS_ORIGIN: origin });
  const account = await Account.register(server.url, "Bob");
  for (const name of ["General", "Elsewhere"]) await account.createRoom(name);
  const bob = createClient(server.url, { token: () => Promise.resolve(account.token) });
  bob.connect();
  const browser = await launchBrowser();
  const page = await browser.newPage();
  page.setDefaultTimeout(HANG_MS);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  try {
    await page.goto(`${origin}/?server=${server.url}`);
    await act({ page, bob });
    assert.deepEqual(faults, []);
  } finally {
    bob.close();
    await browser.close();
    await server.stop();
    await app.shutdown();
  }
}

async function signUp(page: Page, name = "Ada"): Promise<void> {
  await page.fill("[name=name]", name);
  await page.press("[name=name]", "Enter");
  await page.locator("#status").getByText("online").waitFor();
}

async function bundle(): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "browser", "tests/harness/react_app.tsx"],
    cwd: fileURLToPath(new URL("..", import.meta.url)),
  }).output();
  const decoder = new TextDecoder();
  assert.ok(success, decoder.decode(stderr));
  return decoder.decode(stdout);
}
