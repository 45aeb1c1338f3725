/**
 * The app of docs/guides/vite.md, made of the guide's code and used in a real Chromium. It is bundled
 * by Deno; with `TEST_VITE=1` by Vite, as the guide says, which takes npm, its registry and 100 MB.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { createClient } from "../src/client/mod.ts";
import { Account } from "./harness/account.ts";
import { launchBrowser } from "./harness/browser.ts";
import { becomes } from "./harness/client.ts";
import { enter } from "./harness/client_world.ts";
import { HANG_MS } from "./harness/deadline.ts";
import { readExample, ROOT } from "./harness/examples.ts";
import { startServer } from "./harness/server.ts";

const GUIDE = "docs/guides/vite.md";
const SETUP = `${GUIDE}, 1. The app, sh 1`;
const WITH_VITE = Deno.env.has("TEST_VITE");

/** What Vite's template has around the guide's files, with its types. */
const MAIN = `
  /// <reference lib="dom" />
  /// <reference lib="dom.iterable" />
  import { StrictMode } from "react";
  // @ts-types="@types/react-dom/client"
  import { createRoot } from "react-dom/client";
  import App from "./App.tsx";
  declare global {
    interface ImportMeta {
      readonly env: Record<string, string | undefined>;
    }
  }
  createRoot(document.getElementById("root")!).render(<StrictMode><App /></StrictMode>);
`;
const INDEX = `<div id="root"></div><script type="module" src="/main.js"></script>`;

Deno.test("the guide's app signs up, makes rooms, and is the same after a reload", async () => {
  // Its address is known only after the server's, which needs to know it.
  let folder = "";
  const app = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ url }) => {
    return serveFrom(folder, new URL(url).pathname);
  });
  const origin = `http://127.0.0.1:${app.addr.port}`;
  const server = await startServer({ CORS_ORIGIN: origin });
  folder = await (WITH_VITE ? buildWithVite : buildWithDeno)(server.url);
  const browser = await launchBrowser();
  const page = await browser.newPage();
  page.setDefaultTimeout(HANG_MS);
  const failed = new Promise((_, reject) => page.on("pageerror", reject));
  failed.catch(() => {});
  try {
    await page.goto(origin);
    await Promise.race([use(page, server.url), failed]);
  } finally {
    await browser.close();
    await server.stop();
    await app.shutdown();
  }
});

async function use(page: Page, server: string): Promise<void> {
  const email = "ada@example.com";
  const signIn = async (button: string) => {
    await page.fill("[name=email]", email);
    await page.fill("[name=password]", "correct horse");
    await page.getByRole("button", { name: button }).click();
  };
  const create = async (name: string) => {
    await page.fill("[name=name]", name);
    await page.press("[name=name]", "Enter");
    await page.locator("[aria-current=true]").getByText(name).waitFor();
    await page.getByText("Ada created the room").waitFor();
  };
  const write = async (text: string) => {
    await page.fill("[name=text]", text);
    await page.press("[name=text]", "Enter");
    await page.locator("li[data-state=sent]").getByText(text).waitFor();
  };
  await signIn("Sign in");
  await page.getByRole("alert").getByText("wrong").waitFor();
  await page.fill("[name=displayName]", "Ada");
  await signIn("Sign up");
  await page.getByText("Ada (online)").waitFor();
  await create("General");
  await write("Hello");
  await page.reload();
  await page.locator("li[data-state=sent]").getByText("Hello").waitFor();
  await create("Random");
  assert.equal(await page.getByText("Hello").count(), 0);

  const { token } = await Account.register(server, "Bob");
  const bob = createClient(server, { token: () => Promise.resolve(token) });
  bob.connect();
  const bobs = await enter(bob, "general");
  await bobs.send("Hello, Ada");
  const general = page.locator("nav button", { hasText: "General" });
  await general.locator("b").getByText("1").waitFor();
  await general.click();
  await page.getByText("Hello, Ada").waitFor();
  await general.locator("b").waitFor({ state: "detached" });
  bobs.keystroke();
  await page.getByText("Bob …").waitFor();
  await page.locator("li", { hasText: "Hello, Ada" }).getByRole("button").click();
  await becomes(bobs.messages, (all) => all.at(-1)!.reactions[0]?.count === 1);
  await page.getByText("👍 1").waitFor();
  bob.close();

  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign up" }).waitFor();
  await signIn("Sign in");
  await page.getByText("Hello, Ada").waitFor();
}

/** Type-checks and bundles the guide's files. */
async function buildWithDeno(server: string): Promise<string> {
  const folder = await Deno.makeTempDir();
  await writeSources(folder, server);
  const [main, config] = [join(folder, "src/main.tsx"), `${ROOT}deno.json`];
  await Deno.writeTextFile(main, MAIN);
  await Deno.writeTextFile(join(folder, "index.html"), INDEX);
  const output = join(folder, "main.js");
  const options = ["--platform", "browser", "--output", output];
  await run(folder, Deno.execPath(), "check", "--quiet", "--config", config, main);
  await run(folder, Deno.execPath(), "bundle", "--quiet", ...options, "--config", config, main);
  // As Vite does.
  const script = (await Deno.readTextFile(output)).replaceAll("import.meta.env", "{}");
  await Deno.writeTextFile(output, script);
  return folder;
}

/** Does what the guide says, beside a folder `echoroom` with the packed client. */
async function buildWithVite(server: string): Promise<string> {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(join(folder, "echoroom"));
  await run(ROOT, Deno.execPath(), "task", "pack", join(folder, "echoroom/echoroom-client.tgz"));
  await run(folder, "bash", "-euc", await readExample(SETUP));
  const app = join(folder, "my-chat");
  await writeSources(app, server);
  await run(app, "npm", "run", "build");
  return join(app, "dist");
}

/** Writes the guide's files, each of which names itself in its first line. */
async function writeSources(folder: string, server: string): Promise<void> {
  await Deno.mkdir(join(folder, "src"), { recursive: true });
  const guide = await Deno.readTextFile(ROOT + GUIDE);
  const blocks = guide.matchAll(/^```\w+\n((?:\/\/|\/\*) (src\/\S+)[^]*?)^```$/gm);
  for (const [, code, file] of blocks) {
    await Deno.writeTextFile(
      join(folder, file!),
      code!.replace("http://localhost:3000", server),
    );
  }
}

async function serveFrom(folder: string, path: string): Promise<Response> {
  const file = path === "/" ? "index.html" : path;
  const body = await Deno.readFile(join(folder, file)).catch(() => null);
  if (!body) return new Response(null, { status: 404 });
  const types: Record<string, string> = {
    html: "text/html",
    js: "text/javascript",
    css: "text/css",
  };
  const type = types[file.split(".").at(-1)!] ?? "application/octet-stream";
  return new Response(body, { headers: { "Content-Type": type } });
}

async function run(cwd: string, command: string, ...args: string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, cwd }).output();
  const decoder = new TextDecoder();
  assert.ok(success, decoder.decode(stdout) + decoder.decode(stderr));
}
