/**
 * The apps of the guides, made of the guides' code and used in a real Chromium. They are bundled by
 * Deno; with `TEST_VITE=1` Vite's is made as its guide says, which takes npm, its registry and 100 MB.
 */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { createClient } from "../src/client/mod.ts";
import { Account } from "./harness/account.ts";
import { launchBrowser, repeatUntilSeen } from "./harness/browser.ts";
import { becomes } from "./harness/client.ts";
import { enter } from "./harness/client_world.ts";
import { HANG_MS } from "./harness/deadline.ts";
import { guideFiles, readExample, ROOT } from "./harness/examples.ts";
import { startServer } from "./harness/server.ts";

const SETUP = "docs/guides/vite.md, 1. The app, sh 1";
const WITH_VITE = Deno.env.has("TEST_VITE");

/** What a template has around a guide's files, with its types. */
const mainOf = (app: string) => `
  /// <reference lib="dom" />
  /// <reference lib="dom.iterable" />
  import { StrictMode } from "react";
  // @ts-types="@types/react-dom/client"
  import { createRoot } from "react-dom/client";
  import App from "./${app}";
  declare global {
    interface ImportMeta {
      readonly env: Record<string, string | undefined>;
    }
  }
  createRoot(document.getElementById("root")!).render(<StrictMode><App /></StrictMode>);
`;
const INDEX = `<div id="root"></div><script type="module" src="/main.js"></script>`;
/** In the place of Next.js's. */
const DYNAMIC = `
  import { type ComponentType, lazy, type ReactNode, Suspense } from "react";
  export default function dynamic(
    load: () => Promise<{ default: ComponentType }>,
    { loading }: { ssr: false; loading: () => ReactNode },
  ) {
    const Loaded = lazy(load);
    return () => <Suspense fallback={loading()}><Loaded /></Suspense>;
  }
`;

let browser: Browser;
Deno.test.beforeAll(async () => void (browser = await launchBrowser()));
Deno.test.afterAll(() => browser.close());

Deno.test("the guides' apps have no type errors", async () => {
  const folder = await Deno.makeTempDir();
  await writeFiles(join(folder, "vite"), await sourcesOf("vite"));
  await writeFiles(join(folder, "nextjs"), await sourcesOf("nextjs"));
  await deno(folder, "check", "vite/main.tsx", "nextjs/main.tsx");
});

Deno.test("Vite's app signs up, makes rooms, and is the same after a reload", () =>
  onApp(WITH_VITE ? buildWithVite : (server) => bundle("vite", server), async (page, server) => {
    await signIn(page, "Sign in");
    await page.getByRole("alert").getByText("wrong").waitFor();
    await page.fill("[name=displayName]", "Ada");
    await signIn(page, "Sign up");
    await page.getByText("Ada (online)").waitFor();
    await create(page, "General");
    await write(page, "Hello");
    await page.reload();
    await page.locator("li[data-state=sent]").getByText("Hello").waitFor();
    await create(page, "Random");
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
    await repeatUntilSeen(() => bobs.keystroke(), page.getByText("Bob …"));
    await page.locator("li", { hasText: "Hello, Ada" }).getByRole("button").click();
    await becomes(bobs.messages, (all) => all.at(-1)!.reactions[0]?.count === 1);
    await page.getByText("👍 1").waitFor();
    bob.close();

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign up" }).waitFor();
    await signIn(page, "Sign in");
    await page.getByText("Hello, Ada").waitFor();
  }));

Deno.test("the app for Next.js signs up, writes, and is the same after a reload", () =>
  onApp((server) => bundle("nextjs", server), async (page, server) => {
    await (await Account.register(server, "Bob")).createRoom("General");
    await signIn(page, "Sign up");
    await page.getByText("Ada (online)").waitFor();
    await page.getByText("Bob created the room").waitFor();
    await write(page, "Hello");
    await page.reload();
    await page.locator("li[data-state=sent]").getByText("Hello").waitFor();
  }));

/**
 * Opens an app's page.
 * @param build makes the app for a server's address, and returns its folder
 */
async function onApp(
  build: (server: string) => Promise<string>,
  use: (page: Page, server: string) => Promise<void>,
): Promise<void> {
  // The server has to know the page's origin, and the page the server's.
  let folder = "";
  const app = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ url }) => {
    return serveFrom(folder, new URL(url).pathname);
  });
  const origin = `http://127.0.0.1:${app.addr.port}`;
  const server = await startServer({ CORS_ORIGIN: origin });
  folder = await build(server.url);
  const context = await browser.newContext();
  context.setDefaultTimeout(HANG_MS);
  const page = await context.newPage();
  const failed = new Promise<void>((_, reject) => page.on("pageerror", reject));
  failed.catch(() => {});
  try {
    await page.goto(origin);
    await Promise.race([use(page, server.url), failed]);
  } finally {
    await context.close();
    await server.stop();
    await app.shutdown();
  }
}

async function signIn(page: Page, button: string): Promise<void> {
  await page.fill("[name=email]", "ada@example.com");
  await page.fill("[name=password]", "correct horse");
  await page.getByRole("button", { name: button }).click();
}

async function create(page: Page, name: string): Promise<void> {
  await page.fill("[name=name]", name);
  await page.press("[name=name]", "Enter");
  await page.locator("[aria-current=true]").getByText(name).waitFor();
  await page.getByText("Ada created the room").waitFor();
}

async function write(page: Page, text: string): Promise<void> {
  await page.fill("[name=text]", text);
  await page.press("[name=text]", "Enter");
  await page.locator("li[data-state=sent]").getByText(text).waitFor();
}

/** The files of both apps, as Deno needs them. */
async function sourcesOf(guide: "vite" | "nextjs", server = "http://localhost") {
  const address = { "http://localhost:3000": server };
  if (guide === "vite") {
    return { ...await guideFiles(guide, address), "main.tsx": mainOf("src/App.tsx") };
  }
  const files = await guideFiles(guide, {
    ...address,
    "process.env": "import.meta.env",
    "next/dynamic": "./dynamic.tsx",
    '"./ChatLoader"': '"./ChatLoader.tsx"',
    '"./Chat"': '"./Chat.tsx"',
    '"./client"': '"./client.ts"',
  });
  return { ...files, "app/dynamic.tsx": DYNAMIC, "main.tsx": mainOf("app/page.tsx") };
}

async function bundle(guide: "vite" | "nextjs", server: string): Promise<string> {
  const folder = await Deno.makeTempDir();
  await writeFiles(folder, { ...await sourcesOf(guide, server), "index.html": INDEX });
  const output = join(folder, "main.js");
  await deno(folder, "bundle", "--platform", "browser", "--output", output, "main.tsx");
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
  await writeFiles(app, await guideFiles("vite", { "http://localhost:3000": server }));
  await run(app, "npm", "run", "build");
  return join(app, "dist");
}

async function writeFiles(folder: string, files: Record<string, string>): Promise<void> {
  for (const [file, code] of Object.entries(files)) {
    await Deno.mkdir(join(folder, dirname(file)), { recursive: true });
    await Deno.writeTextFile(join(folder, file), code);
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

function deno(cwd: string, command: string, ...args: string[]): Promise<void> {
  const config = ["--quiet", "--config", `${ROOT}deno.json`];
  return run(cwd, Deno.execPath(), command, ...config, ...args);
}

async function run(cwd: string, command: string, ...args: string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, cwd }).output();
  const decoder = new TextDecoder();
  assert.ok(success, decoder.decode(stdout) + decoder.decode(stderr));
}
