/** A real Chromium for tests: pages that notice errors and requests that leave the host. */
import assert from "node:assert/strict";
// Playwright detects other systems there.
import "./unreadable_files.ts";
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
  type WebSocketRoute,
} from "playwright-core";
import { NOTICE_MS } from "../../web/notice.ts";
import { HANG_MS } from "./deadline.ts";
import { startServer, type TestServer } from "./server.ts";
import { until } from "./stage.ts";

/** Resolves to this machine, but is not a secure context, unlike `localhost`. */
const INSECURE_HOST = "chat.test";

const VIEWPORT = { width: 1100, height: 720 } as const;

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`,
];

/** Lets timers of some milliseconds that start from then on never end; returns what ends that. */
const HOLD_TIMERS = `((held) => {
  const { setTimeout } = globalThis;
  globalThis.setTimeout = (work, ms, ...rest) => {
    return setTimeout(work, ms === held ? 2 ** 31 - 1 : ms, ...rest);
  };
  return () => globalThis.setTimeout = setTimeout;
})`;

/** @param path the Chromium's; without it `TEST_CHROMIUM` */
export function launchBrowser(path = Deno.env.get("TEST_CHROMIUM")): Promise<Browser> {
  if (!path) throw new Error("TEST_CHROMIUM is not set: run `deno task test`, which sets it");
  return chromium.launch({ executablePath: path, args: FLAGS, timeout: HANG_MS });
}

/**
 * Gives the tests of a file one browser, started before the first and closed after the last. To be
 * called while the file is loaded.
 */
export function shareBrowser() {
  let browser: Browser;
  let people: People | null = null;
  Deno.test.beforeAll(async () => void (browser = await launchBrowser()));
  Deno.test.afterAll(async () => {
    await people?.leave();
    await browser.close();
  });

  /** Runs a test on a server of its own, started with `settings` beside the usual ones. */
  async function withBrowser(
    test: (browser: Browser, server: TestServer) => Promise<void>,
    settings: Record<string, string> = {},
  ): Promise<void> {
    const others = new Set(browser.contexts());
    const server = await startServer(settings);
    try {
      await test(browser, server);
    } finally {
      const own = browser.contexts().filter((context) => !others.has(context));
      await Promise.all(own.map((context) => context.close()));
      await server.stop();
    }
  }

  /**
   * Runs a test with two people whom tests share, because to open the page takes longer than what
   * most of them do on it. After a failure the next test gets others.
   */
  async function withPeople(test: (people: People) => Promise<void>): Promise<void> {
    const shared = people ?? await People.come(browser);
    people = null;
    try {
      await test(shared);
      await shared.tidyUp();
      people = shared;
    } finally {
      if (people === null) await shared.leave();
    }
  }

  return { withBrowser, withPeople };
}

/** Ada and Bob, each signed in on a page in a browser context of their own. */
export class People {
  #rooms = 0;

  private constructor(readonly server: TestServer, readonly ada: Visit, readonly bob: Visit) {}

  static async come(browser: Browser): Promise<People> {
    const server = await startServer();
    const come = async (name: string) => {
      const person = await visit(browser, server.url);
      await signUp(person.page, name);
      return person;
    };
    return new People(server, await come("Ada"), await come("Bob"));
  }

  /** A name that no other room has. */
  newName(): string {
    return `Room ${++this.#rooms}`;
  }

  /** Makes a room of Ada's and opens it; returns its name. */
  async enter(): Promise<string> {
    const name = this.newName();
    await makeRoom(this.ada.page, name);
    return name;
  }

  /** Makes a room of Ada's that both open; returns its name. */
  async meet(): Promise<string> {
    const name = await this.enter();
    await openRoom(this.bob.page, name);
    await this.ada.page.locator(".online").getByText("2 online").waitFor();
    return name;
  }

  /** Makes the pages as they were before a test: without an open room, in their usual size. */
  async tidyUp(): Promise<void> {
    for (const { page, problems, offline } of [this.ada, this.bob]) {
      await offline(false);
      await page.emulateMedia({ forcedColors: null });
      await page.setViewportSize(VIEWPORT);
      await page.evaluate("void (location.hash = '#/')");
      await page.locator(".room").waitFor({ state: "detached" });
      problems.length = 0;
    }
  }

  async leave(): Promise<void> {
    await Promise.all([this.ada, this.bob].map(({ page }) => page.context().close()));
    await this.server.stop();
  }
}

/** The same server at an address of plain http that browsers do not trust. */
export function insecure(url: string): string {
  return url.replace("127.0.0.1", INSECURE_HOST);
}

/** A page in a browser context of its own, and its errors so far. */
export interface Visit {
  page: Page;
  problems: string[];
  /** Cuts and blocks the page's sockets, or unblocks them and resolves once the page is online. */
  offline(cut: boolean): Promise<void>;
}

export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ viewport: VIEWPORT, ...options });
  context.setDefaultTimeout(HANG_MS);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("console", (message) => {
    // Chromium itself reports the 401 by which a visitor is found to be signed out, and over plain
    // http the headers that it then ignores.
    const isExpected = /401|header has been ignored/.test(message.text());
    if (message.type() === "error" && !isExpected) problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== "data:" && origin !== new URL(url).origin) problems.push(request.url());
  });
  const network = await watchSockets(page);
  // A test may be late for what is shown for a few seconds: a notice stays until the next one.
  await page.addInitScript(`${HOLD_TIMERS}(${NOTICE_MS})`);
  await page.goto(url);
  return { page, problems, ...network };
}

async function watchSockets(page: Page): Promise<Pick<Visit, "offline">> {
  const sockets = new Set<WebSocketRoute>();
  let isOffline = false;
  await page.routeWebSocket(/\/ws$/, (socket) => {
    if (isOffline) return void socket.close({ code: 1001 });
    socket.connectToServer();
    sockets.add(socket);
  });
  return {
    async offline(cut) {
      const wasOffline = isOffline;
      isOffline = cut;
      if (!cut) return wasOffline ? await reconnect(page) : undefined;
      await Promise.all([...sockets].map((socket) => socket.close({ code: 1001 })));
      sockets.clear();
    },
  };
}

/** Signs a new user up on the page. */
export async function signUp(page: Page, name: string): Promise<void> {
  const form = page.locator("#register-form");
  await form.locator("[name=displayName]").fill(name);
  await form.locator("[name=email]").fill(`${crypto.randomUUID()}@example.com`);
  await form.locator("[name=password]").fill("correct horse");
  await form.locator("button").click();
  await isOnline(page);
}

export async function isOnline(page: Page): Promise<void> {
  await page.waitForSelector(".connection[data-state=online]");
}

/** Tells a page that its server can be reached again; it would try by itself within 30 s. */
export async function reconnect(page: Page): Promise<void> {
  await until(async () => {
    await page.evaluate(`dispatchEvent(new Event("online"))`);
    return await page.locator(".connection[data-state=online]").isVisible();
  }, "the page is online");
}

/** Does something until a page shows its effect, which it shows for a few seconds only. */
export async function repeatUntilSeen(work: () => unknown, effect: Locator): Promise<void> {
  await until(async () => {
    await work();
    return await effect.isVisible();
  }, `seen: ${effect}`);
}

/** Types into the open room until others see that. */
export async function typeUntilSeen(page: Page, effect: Locator): Promise<void> {
  await repeatUntilSeen(() => page.locator(".composer [name=text]").pressSequentially("a"), effect);
}

/**
 * Lets timers of this length that start from now on never end: a test may be too late for what they
 * end. Returns what ends that.
 */
export async function holdTimers(page: Page, ms: number): Promise<() => Promise<void>> {
  const end = await page.evaluateHandle(`${HOLD_TIMERS}(${ms})`);
  return async () => void await end.evaluate((end) => (end as () => unknown)());
}

/** Makes a room and resolves once it is shown. */
export async function makeRoom(page: Page, name: string): Promise<void> {
  await page.click("#new-room");
  await page.fill("#new-room-form [name=name]", name);
  await page.press("#new-room-form [name=name]", "Enter");
  await page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
  await page.locator(".message.system").getByText("created the room").waitFor();
}

/** Opens another user's room. */
export async function openRoom(page: Page, name: string): Promise<void> {
  // Returning to the window lists the rooms anew.
  await page.evaluate(`dispatchEvent(new Event("focus"))`);
  await page.locator(".rooms").getByText(name, { exact: true }).click();
  // The room that was open before may be live, too.
  const heading = page.getByRole("heading", { level: 1, name, exact: true });
  await page.locator(".room[data-state=live]").filter({ has: heading }).waitFor();
}

/** A script that presses a key where the focus is. */
export function pressing(key: string, options: { ctrlKey?: boolean } = {}): string {
  const init = JSON.stringify({ key, bubbles: true, cancelable: true, ...options });
  return `document.activeElement.dispatchEvent(new KeyboardEvent("keydown", ${init}))`;
}

/**
 * Runs a script, and asserts that what it opens has the focus before the next frame, which may take
 * long: what is typed meanwhile belongs there.
 */
export async function focusesAtOnce(page: Page, script: string, selector: string): Promise<void> {
  const focused = await page.evaluate<boolean>(`(async () => {
    ${script};
    for (let i = 0; i < 10; i++) await null;
    return document.activeElement.matches(${JSON.stringify(selector)});
  })()`);
  assert.ok(focused, `the focus is not on ${selector}`);
}

/** Shows what can be done with a message. */
export async function showActions(message: Locator): Promise<void> {
  await message.hover();
  // The mouse rests: the bar would go if a change above moved the message from under it.
  await message.focus();
  await message.getByRole("toolbar").waitFor();
}

/** Does something with a message by the bar beside it. */
export async function act(message: Locator, action: string): Promise<void> {
  await showActions(message);
  await message.getByRole("button", { name: action, exact: true }).click();
}

/** Writes a message into the room that is open. */
export async function write(page: Page, text: string): Promise<void> {
  await page.fill(".composer [name=text]", text);
  await page.press(".composer [name=text]", "Enter");
}

/** Resolves once the last message of the open room has this text. */
export async function seesLast(page: Page, text: string): Promise<void> {
  await page.locator(".message").last().locator(".text").getByText(text, { exact: true }).waitFor();
}

/** Resolves once an own message is in the room's log. */
export async function isSent(page: Page, text: string): Promise<void> {
  await page.locator(".message[data-state=sent] .text").getByText(text, { exact: true }).waitFor();
}

/** Resolves once the window's title begins with this text, which holds no quotation mark. */
export async function hasTitle(page: Page, beginning: string): Promise<void> {
  const title = page.locator(`xpath=//title[starts-with(., "${beginning}")]`);
  await title.waitFor({ state: "attached" });
}
