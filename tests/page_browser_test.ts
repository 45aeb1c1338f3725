/** The page at `/` and the one at `/docs`, as people use them in a real Chromium. */
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { createClient } from "../src/client/mod.ts";
import { Account } from "./harness/account.ts";
import {
  holdTimers,
  isOnline,
  isSent,
  makeRoom,
  openRoom,
  reconnect,
  seesLast,
  shareBrowser,
  signUp,
  typeUntilSeen,
  visit,
  write,
} from "./harness/browser.ts";
import { range } from "./harness/client_world.ts";
import { spawnServer, type TestServer } from "./harness/server.ts";
import { until } from "./harness/stage.ts";

const { withBrowser, withPeople } = shareBrowser();

/** How often the page lists the rooms by itself. */
const LIST_MS = 30_000;

const HOSTILE =
  `<img src=x onerror="document.title='pwned'"><script>document.title='pwned'</script>`;

/** A list of the states of the connection, to which each new one is added. */
const WATCH_STATES = `(() => {
  const bar = document.querySelector(".connection");
  const states = [bar.dataset.state];
  new MutationObserver(() => states.push(bar.dataset.state)).observe(bar, { attributes: true });
  return states;
})()`;

/** Whether the last message is within what can be seen. */
const SEES_NEWEST = `(() => {
  const last = [...document.querySelectorAll(".message")].at(-1).getBoundingClientRect();
  const frame = document.querySelector(".messages").getBoundingClientRect();
  return last.bottom <= frame.bottom;
})()`;

/** Whether the page would open without its server. */
const IS_KEPT = `(async () => {
  await navigator.serviceWorker.ready;
  return await caches.match("/assets/web/page.ts") !== undefined;
})()`;

Deno.test("two people chat through the page", () =>
  withPeople(async (people) => {
    const { ada, bob } = people;
    await people.meet();
    await write(ada.page, "Hello, Bob");
    await seesLast(bob.page, "Hello, Bob");
    await write(bob.page, "Hello, Ada");
    await seesLast(ada.page, "Hello, Ada");
    await isSent(ada.page, "Hello, Bob");
    await ada.page.locator(".online").getByText("2 online").waitFor();
    await typeUntilSeen(bob.page, ada.page.locator(".typing").getByText("Bob is typing"));
    assert.deepEqual([...ada.problems, ...bob.problems], []);
  }));

Deno.test("markup in names, rooms and messages is shown as text", () =>
  withBrowser(async (browser, server) => {
    const [ada, bob] = [await visit(browser, server.url), await visit(browser, server.url)];
    await signUp(ada.page, HOSTILE.slice(0, 50));
    await signUp(bob.page, "Bob");
    await makeRoom(ada.page, HOSTILE.slice(0, 80));
    await openRoom(bob.page, HOSTILE.slice(0, 80));
    const marked = `**${HOSTILE}** *${HOSTILE}* \`${HOSTILE}\` javascript:alert(1) ${HOSTILE}`;
    const link = `https://example.com/"onmouseover="document.title='pwned'`;
    await write(ada.page, marked);
    await write(ada.page, link);
    await isSent(ada.page, link);
    await seesLast(bob.page, link);
    await typeUntilSeen(ada.page, bob.page.locator(".typing").getByText("<img src=x"));
    for (const { page } of [ada, bob]) {
      assert.equal(await page.locator("script:not([src]), img[src=x], [onmouseover]").count(), 0);
      assert.equal(await page.locator(".message a[href^=javascript]").count(), 0);
      assert.ok(!(await page.title()).startsWith("pwned"));
    }
    assert.deepEqual([...ada.problems, ...bob.problems], []);
  }));

Deno.test("bold, italics, code and links are shown as such", () =>
  withPeople(async (people) => {
    const { page } = people.ada;
    await people.enter();
    await write(page, "**b** *i* _u_ `a*b*c` snake_case_name https://example.com/a_b_c?x=1. 2*3*4");
    const text = page.locator(".message").last().locator(".text");
    await text.locator("a").waitFor();
    assert.equal(await text.locator("strong").innerText(), "b");
    assert.deepEqual(await text.locator("em").allInnerTexts(), ["i", "u"]);
    assert.equal(await text.locator("code").innerText(), "a*b*c");
    const link = text.locator("a");
    assert.equal(await link.getAttribute("href"), "https://example.com/a_b_c?x=1");
    assert.match((await link.getAttribute("rel"))!, /noopener/);
  }));

Deno.test("links exclude the punctuation around them", () =>
  withPeople(async (people) => {
    const { page } = people.ada;
    await people.enter();
    const texts = [
      "(see https://example.com/a_(b))",
      "(https://example.com/a)",
      "**https://example.com/b**",
      "Is it https://example.com/c?",
      "https://example.com/(",
    ];
    for (const text of texts) await write(page, text);
    const links = page.locator(".message .text a");
    await links.nth(4).waitFor();
    const addresses = await links.all().then((all) => {
      return Promise.all(all.map((link) => link.getAttribute("href")));
    });
    assert.deepEqual(addresses, [
      "https://example.com/a_(b)",
      "https://example.com/a",
      "https://example.com/b",
      "https://example.com/c",
      "https://example.com/",
    ]);
  }));

Deno.test("the newest messages stay visible while the user writes several lines", () =>
  withPeople(async (people) => {
    const { page } = people.ada;
    const name = people.newName();
    await fill(people.server, name, 50);
    await openRoom(page, name);
    await seesLast(page, "50");
    await page.fill(".composer [name=text]", "One\ntwo\nthree\nfour");
    await until(() => page.evaluate<boolean>(SEES_NEWEST), "the newest is seen");
  }));

Deno.test("the newest messages stay visible when the page becomes narrow while it scrolls", () =>
  withPeople(async (people) => {
    const { page } = people.ada;
    await people.enter();
    const text = "long ".repeat(300).trim();
    for (const number of range(1, 4)) await write(page, `${number} ${text}`);
    await isSent(page, `4 ${text}`);
    await page.evaluate(`(() => {
      document.querySelector("main").style.width = "30rem";
      document.querySelector(".messages").scrollTop -= 1;
    })()`);
    await until(() => page.evaluate<boolean>(SEES_NEWEST), "the newest is seen");
    await page.evaluate(`document.querySelector("main").style.width = ""`);
  }));

Deno.test("a reload keeps who is signed in and which room is open", () =>
  withPeople(async (people) => {
    const { page } = people.ada;
    await people.enter();
    await write(page, "Still here?");
    await isSent(page, "Still here?");
    await page.reload();
    await seesLast(page, "Still here?");
  }));

Deno.test("after a reconnection the missed messages and their number are shown", () =>
  withPeople(async (people) => {
    const { ada, bob } = people;
    const name = await people.meet();
    await ada.offline(true);
    await ada.page.waitForSelector(".connection[data-state=waiting]");
    for (const text of ["One", "Two", "Three"]) {
      await write(bob.page, text);
      await isSent(bob.page, text);
    }
    await ada.offline(false);
    await ada.page.locator(".connection").getByText(`Recovered 3 messages in ${name}`).waitFor();
    await seesLast(ada.page, "Three");
    assert.deepEqual(
      await ada.page.locator(".message:not(.system) .text").allInnerTexts(),
      ["One", "Two", "Three"],
    );
  }));

Deno.test("what was written offline survives a reload and arrives once, in order", () =>
  withPeople(async (people) => {
    const { ada, bob } = people;
    await people.meet();
    await ada.offline(true);
    await ada.page.waitForSelector(".connection[data-state=waiting]");
    await write(ada.page, "First");
    await write(ada.page, "Second");
    await ada.page.reload();
    await ada.page.locator(".message[data-state=queued]").getByText("Second").waitFor();
    await ada.offline(false);
    await seesLast(bob.page, "Second");
    await isSent(ada.page, "Second");
    assert.deepEqual(
      await bob.page.locator(".message:not(.system) .text").allInnerTexts(),
      ["First", "Second"],
    );
  }));

Deno.test("what is written while the server is down arrives once it is back", () =>
  withBrowser(async (browser) => {
    const first = await spawnServer();
    const [ada, bob] = await meet(browser, first);
    first.kill("SIGKILL");
    await first.ended;
    await ada.page.waitForSelector(".connection:not([data-state=online])");
    await write(ada.page, "Written while offline");

    const { port } = new URL(first.url);
    const second = await spawnServer({ ...first.settings, PORT: port });
    await Promise.all([ada, bob].map(({ page }) => reconnect(page)));

    await seesLast(bob.page, "Written while offline");
    await isSent(ada.page, "Written while offline");
    assert.equal(await bob.page.locator(".messages").getByText("Written while offline").count(), 1);
    await second.stop();
  }));

Deno.test("the page opens while the server is down, and sends what was unsent once it is back", () =>
  withBrowser(async (browser) => {
    const first = await spawnServer();
    const { page } = await visit(browser, first.url);
    await signUp(page, "Ada");
    await makeRoom(page, "General");
    await until(() => page.evaluate<boolean>(IS_KEPT), "the page is kept");
    first.kill("SIGKILL");
    await first.ended;
    await page.waitForSelector(".connection:not([data-state=online])");
    await write(page, "Written while offline");
    await page.reload();
    await page.waitForSelector("#unreachable");

    const { port } = new URL(first.url);
    const second = await spawnServer({ ...first.settings, PORT: port });
    await reconnect(page);

    await isSent(page, "Written while offline");
    assert.equal(await page.locator("#unreachable").isVisible(), false);
    await second.stop();
  }));

Deno.test("a chat continues while tokens expire", () =>
  withBrowser(async (browser, server) => {
    const [ada, bob] = await meet(browser, server);
    const states = await ada.page.evaluateHandle<string[]>(WATCH_STATES);
    for (const text of ["With a second token", "With a third"]) {
      await ada.page.waitForResponse((response) => response.url().endsWith("/auth/refresh"));
      await write(ada.page, text);
      await seesLast(bob.page, text);
    }
    const seen = await states.jsonValue();
    assert.deepEqual(seen.filter((state) => state !== "online"), []);
  }, { JWT_ACCESS_EXPIRES_IN: "20s" }));

Deno.test("rooms that are not shown count unread messages, until they are shown", () =>
  withBrowser(async (browser, server) => {
    const [ada, bob] = await meet(browser, server);
    await makeRoom(ada.page, "Elsewhere");
    await write(bob.page, "One");
    await write(bob.page, "Two");
    const link = ada.page.getByRole("link", { name: "General 2 unread" });
    await link.waitFor();
    assert.match(await ada.page.title(), /^\(2\) /);
    await link.click();
    await ada.page.locator(".unread").waitFor();
    await ada.page.getByRole("link", { name: "General", exact: true }).waitFor();
    assert.doesNotMatch(await ada.page.title(), /^\(/);
  }));

Deno.test("returning to the window loads the rooms that others have created", () =>
  withPeople(async (people) => {
    const { page } = people.ada;
    const carol = await Account.register(people.server.url, "Carol");
    const returnTo = async (name: string) => {
      await page.evaluate(`dispatchEvent(new Event("focus"))`);
      await page.getByRole("link", { name, exact: true }).waitFor();
    };
    // From the next list on the page does not ask by itself.
    const askAgain = await holdTimers(page, LIST_MS);
    try {
      const [before, name] = [people.newName(), people.newName()];
      await carol.createRoom(before);
      await returnTo(before);
      await carol.createRoom(name);
      assert.equal(await page.getByRole("link", { name, exact: true }).count(), 0);
      await returnTo(name);
    } finally {
      await askAgain();
    }
  }));

Deno.test("scrolling up loads the whole history, and keeps the scroll position", () =>
  withPeople(async (people) => {
    const { page } = people.ada;
    const name = people.newName();
    await fill(people.server, name, 120);
    await openRoom(page, name);
    await seesLast(page, "120");
    const first = page.locator(".message").first();
    while (await first.locator(".text").innerText() !== "Carol created the room") {
      const top = await first.locator(".text").innerText();
      await page.locator(".messages").press("Home");
      const same = page.locator(".message .text").getByText(top, { exact: true });
      await first.locator(".text").filter({ hasNotText: top }).waitFor();
      assert.ok(await same.isVisible());
      const box = (await same.boundingBox())!;
      const frame = (await page.locator(".messages").boundingBox())!;
      assert.ok(box.y > frame.y - 100 && box.y < frame.y + frame.height, "it can still be seen");
    }
    assert.equal(await page.locator(".message").count(), 121);
  }));

Deno.test("a busy room keeps only the newest messages, and loads the rest on scrolling up", () =>
  withPeople(async (people) => {
    const { page } = people.ada;
    const name = people.newName();
    await fill(people.server, name, 10, async (say) => {
      await openRoom(page, name);
      await say(range(11, 500));
    });
    await seesLast(page, "500");
    const messages = page.locator(".message");
    await messages.nth(400).waitFor({ state: "detached" });
    const shown = await messages.count();
    await page.locator(".messages").press("Home");
    await messages.nth(shown).waitFor({ state: "attached" });
    assert.equal(await messages.last().locator(".text").innerText(), "500");
  }));

Deno.test("everything can be done with the keyboard alone", () =>
  withBrowser(async (browser, server) => {
    const { page } = await visit(browser, server.url);
    await page.waitForSelector("#register-form");
    await tabTo(page, "#register-form [name=displayName]");
    await page.keyboard.type("Ada");
    await page.keyboard.press("Tab");
    await page.keyboard.type("ada@example.com");
    await page.keyboard.press("Tab");
    await page.keyboard.type("correct horse");
    await page.keyboard.press("Enter");
    await isOnline(page);
    for (const name of ["Alpha", "Beta"]) {
      await tabTo(page, "#new-room");
      await page.keyboard.press("Enter");
      await page.keyboard.type(name);
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name, level: 1 }).waitFor();
    }
    await tabTo(page, ".composer [name=text]");
    await page.keyboard.type("One");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("line");
    await page.keyboard.press("Enter");
    await seesLast(page, "One\nline");
    await page.keyboard.press("Alt+ArrowUp");
    await page.getByRole("heading", { name: "Alpha", level: 1 }).waitFor();
    await tabTo(page, "#logout");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#login-form");
  }));

Deno.test("a narrow screen shows either the rooms or one room", () =>
  withPeople(async (people) => {
    const { page } = people.ada;
    await page.setViewportSize({ width: 390, height: 780 });
    await people.enter();
    assert.equal(await page.locator("#sidebar").isVisible(), false);
    await page.click(".back");
    await page.waitForSelector("#sidebar");
    assert.equal(await page.locator(".room").count(), 0);
    const width = await page.evaluate("document.documentElement.scrollWidth");
    assert.equal(width, 390, "nothing sticks out");
  }));

Deno.test("signing out ends the session in every tab", () =>
  withBrowser(async (browser, server) => {
    const { page } = await visit(browser, server.url);
    await signUp(page, "Ada");
    const tab = await page.context().newPage();
    await tab.goto(server.url);
    await isOnline(tab);
    await tab.click("#logout");
    await page.locator("#login-form").waitFor();
  }));

Deno.test("a broken fragment breaks nothing in the docs", () =>
  withBrowser(async (browser, server) => {
    const { page, problems } = await visit(browser, `${server.url}/docs#100%`);
    await page.locator("#events").getByText("message:send").first().waitFor();
    await page.evaluate("void (location.hash = '#event-message:send')");
    await page.locator("details.event[open]").first().waitFor();
    assert.deepEqual(problems, []);
  }));

Deno.test("the docs show every route and every event, and load nothing from elsewhere", () =>
  withBrowser(async (browser, server) => {
    const { page, problems } = await visit(browser, `${server.url}/docs`);
    await page.locator("#rest").getByText("/auth/register").first().waitFor();
    await page.locator("#events").getByText("message:send").first().waitFor();
    await page.setViewportSize({ width: 390, height: 780 });
    await page.locator("#rest table").getByText("message.mention_room").waitFor();
    const width = await page.evaluate("document.documentElement.scrollWidth");
    assert.equal(width, 390, "nothing sticks out on a phone");
    assert.deepEqual(problems, []);
  }));

/** Ada and Bob in one room, each with a browser of their own. */
async function meet(browser: Browser, server: TestServer) {
  const ada = await visit(browser, server.url);
  const bob = await visit(browser, server.url);
  await signUp(ada.page, "Ada");
  await signUp(bob.page, "Bob");
  await makeRoom(ada.page, "General");
  await openRoom(bob.page, "General");
  await ada.page.locator(".online").getByText("2 online").waitFor();
  return [ada, bob] as const;
}

/** Makes a room with so many messages of Carol's, and more of them while one looks on. */
async function fill(
  server: TestServer,
  name: string,
  count: number,
  look: (say: (texts: number[]) => Promise<unknown>) => Promise<void> = async () => {},
): Promise<void> {
  const carol = await Account.register(server.url, "Carol");
  const { slug } = await carol.createRoom(name);
  const client = createClient(server.url, { token: () => Promise.resolve(carol.token) });
  client.connect();
  const room = client.join(slug);
  const say = (texts: number[]) => Promise.all(texts.map((text) => room.send(String(text))));
  await say(range(1, count));
  await look(say);
  client.close();
}

/** Goes from control to control until it is there. */
async function tabTo(page: Page, selector: string): Promise<void> {
  const target = page.locator(selector);
  for (let i = 0; i < 50; i++) {
    if (await target.and(page.locator(":focus")).count() === 1) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`${selector} cannot be reached`);
}
