/** The page at its limits: dead links, long texts and names, refusals, small and strange screens. */
import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import type { Page } from "playwright-core";
import { POLICIES } from "../src/services/rate_limits.ts";
import { Account } from "./harness/account.ts";
import { range } from "./harness/client_world.ts";
import {
  act,
  insecure,
  isOnline,
  isSent,
  makeRoom,
  openRoom,
  seesLast,
  shareBrowser,
  signUp,
  typeUntilSeen,
  visit,
  write,
} from "./harness/browser.ts";
import { TestSocket } from "./harness/socket.ts";
import { until } from "./harness/stage.ts";

const { withBrowser, withPeople } = shareBrowser();

const COMPOSER = ".composer [name=text]";
const LONG_NAME = "M".repeat(50);
const LONG_ROOM = "W".repeat(80);
const PRODUCTION = {
  NODE_ENV: "production",
  JWT_SECRET: "a".repeat(32),
  JWT_REFRESH_SECRET: "b".repeat(32),
  BCRYPT_COST: "10",
};

const TOO_FAST = /^You are writing too fast: will be sent in \d+ s$/;

type Button = { name: string; width: string; border: string; background: string };

/** How each button that can be seen, but for names in lines, is set off from what is around it. */
const BUTTONS =
  `[...document.querySelectorAll("button:not(.person-name)")].filter((button) => button.checkVisibility())
  .map((button) => {
    const { borderTopWidth, borderTopColor, backgroundColor } = getComputedStyle(button);
    const name = button.textContent;
    return { name, width: borderTopWidth, border: borderTopColor, background: backgroundColor };
  })`;

/** The backgrounds of the room that is open and of another one. */
const ROOM_COLOURS = `[".rooms [aria-current]", ".rooms a:not([aria-current])"]
  .map((selector) => getComputedStyle(document.querySelector(selector)).backgroundColor)`;

/** How many messages a user may send to a room in each window of the limit. */
const WINDOW = POLICIES.message.points;

/** Writes more than the server takes at once. */
const SEND_MANY = `(() => {
  const input = document.querySelector(".composer [name=text]");
  for (let i = 1; i <= 150; i++) {
    input.value = "Message " + i;
    input.form.requestSubmit();
  }
})()`;

/** What sticks out at the side. */
const OUTSIDE = `[...document.querySelectorAll("body *")]
  .filter((element) => element.getBoundingClientRect().right > innerWidth)
  .map(({ tagName, className }) => tagName + "." + className)`;

Deno.test("an address without a room shows that, however malformed, with a link back", () =>
  withPeople(async (people) => {
    const { page, problems } = people.ada;
    const name = await people.enter();
    const address = await page.evaluate<string>("location.hash");
    for (const hash of ["#/100%", "#/%E0%A4%A", "#/%ff", "#/nowhere"]) {
      await goTo(page, hash);
      await page.getByRole("heading", { name: "There is no such room" }).waitFor();
      assert.equal(await page.locator(COMPOSER).isVisible(), false);
      await page.reload();
      await page.getByRole("heading", { name: "There is no such room" }).waitFor();
      await page.getByRole("link", { name: "Go to the rooms" }).click();
      await page.locator("#no-room").waitFor();
      await page.getByRole("link", { name, exact: true }).click();
      await page.locator(COMPOSER).waitFor();
    }
    await goTo(page, address.replace("/", ""));
    await page.locator("#no-room").waitFor();
    assert.equal(await page.locator(".room").count(), 0);
    assert.deepEqual(problems, []);
  }));

Deno.test("a room in any script is found at its address, encoded or not", () =>
  withPeople(async ({ ada: { page, problems }, server }) => {
    const carol = await Account.register(server.url, "Carol");
    for (const name of ["日本語", "עברית", "50% off"]) {
      const { slug } = await carol.createRoom(name);
      for (const hash of [`#/${encodeURIComponent(slug)}`, `#/${slug}`]) {
        await goTo(page, hash);
        await page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
        await goTo(page, "#/");
        await page.locator("#no-room").waitFor();
      }
    }
    assert.deepEqual(problems, []);
  }));

Deno.test("a text that is too long is kept whole, with the excess shown, until it fits", () =>
  withPeople(async (people) => {
    const { page } = people.ada;
    await people.enter();
    await paste(page, "x".repeat(5_000));
    await page.getByText("1,000 characters too many to send").waitFor();
    assert.equal((await page.inputValue(COMPOSER)).length, 5_000);
    assert.equal(
      await page.locator(".composer").getByRole("button", { name: "Send" }).isDisabled(),
      true,
    );
    assert.equal(await page.getAttribute(COMPOSER, "aria-invalid"), "true");
    await page.press(COMPOSER, "Enter");
    assert.equal((await page.inputValue(COMPOSER)).length, 5_000);

    // Counted as the server does: trimmed, and by code points instead of UTF-16 units.
    const longest = "😀".repeat(4_000);
    await page.fill(COMPOSER, `${longest}x`);
    await page.getByText("1 character too many to send").waitFor();
    await page.fill(COMPOSER, `  ${longest}\n`);
    await page.getByText("0 characters left").waitFor();
    assert.equal(await page.getAttribute(COMPOSER, "aria-invalid"), null);
    await page.press(COMPOSER, "Enter");
    await isSent(page, longest);
    assert.equal(await page.locator(".characters").innerText(), "");
  }));

Deno.test("an answer and an edit that are too long are kept whole, with the excess shown", () =>
  withPeople(async (people) => {
    const { page } = people.ada;
    await people.enter();
    await write(page, "Hello");
    await isSent(page, "Hello");
    const message = page.locator(".message").last();
    for (const [action, name] of [["Edit", "edited"], ["Thread", "answer"]] as const) {
      await act(message, action);
      const field = page.locator(`[name=${name}]`);
      await field.fill("x".repeat(4_001));
      await page.getByText("1 character too many to send").waitFor();
      await field.press("Enter");
      assert.equal((await field.inputValue()).length, 4_001);
      await field.fill("Hello again");
      await field.press("Enter");
      await page.locator(".messages").getByText("Hello again").nth(name === "answer" ? 1 : 0)
        .waitFor();
    }
  }));

Deno.test("a draft survives a reload in its own room, and is removed once it is sent", () =>
  withPeople(async (people) => {
    const { page } = people.ada;
    const [other, name] = [await people.enter(), await people.enter()];
    await page.fill(COMPOSER, "Not sent yet");
    await page.reload();
    await page.waitForSelector(".room[data-state=live]");
    assert.equal(await page.inputValue(COMPOSER), "Not sent yet");
    await page.getByRole("link", { name: other, exact: true }).click();
    await page.getByRole("heading", { level: 1, name: other, exact: true }).waitFor();
    assert.equal(await page.inputValue(COMPOSER), "");
    await page.getByRole("link", { name, exact: true }).click();
    await page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
    assert.equal(await page.inputValue(COMPOSER), "Not sent yet");
    await page.press(COMPOSER, "Enter");
    await isSent(page, "Not sent yet");
    await page.reload();
    await page.waitForSelector(".room[data-state=live]");
    assert.equal(await page.inputValue(COMPOSER), "");
  }));

Deno.test("signing out removes the drafts", () =>
  withBrowser(async (browser, { url }) => {
    const { page } = await visit(browser, url);
    await signUp(page, "Ada");
    await makeRoom(page, "General");
    await page.fill(COMPOSER, "For my eyes only");
    await page.click("#logout");
    await page.waitForSelector("#login-form");
    assert.ok(!JSON.stringify(await page.evaluate("({ ...localStorage })")).includes("my eyes"));
    await signUp(page, "Bob");
    await page.waitForSelector(".room[data-state=live]");
    assert.equal(await page.inputValue(COMPOSER), "");
  }));

Deno.test("the longest names fit a phone and a page at 400 %", () =>
  withBrowser(async (browser, { url }) => {
    const viewport = { width: 390, height: 780 };
    const [ada, bob] = [await visit(browser, url, { viewport }), await visit(browser, url)];
    await signUp(ada.page, LONG_NAME);
    await makeRoom(ada.page, LONG_ROOM);
    await write(ada.page, "Hello");
    await signUp(bob.page, "N".repeat(50));
    await openRoom(bob.page, LONG_ROOM);
    await typeUntilSeen(bob.page, ada.page.locator(".typing").getByText("is typing"));
    await write(bob.page, "Hello");
    await seesLast(ada.page, "Hello");
    for (const [width, height] of [[390, 780], [320, 640], [320, 256]] as const) {
      await ada.page.setViewportSize({ width, height });
      await fits(ada.page);
    }
    await ada.page.click(".back");
    await ada.page.waitForSelector("#sidebar");
    await fits(ada.page);
  }));

Deno.test("at 400 % zoom most of the page is messages, and nothing has to be scrolled sideways", () =>
  withBrowser(async (browser, { url }) => {
    const { page } = await visit(browser, url, { viewport: { width: 320, height: 256 } });
    await page.waitForSelector("#register-form");
    await fits(page);
    await signUp(page, "Ada");
    await fits(page);
    await makeRoom(page, "General");
    const { height } = (await page.locator(".messages").boundingBox())!;
    assert.ok(height >= 128, `${height} of 256 pixels are messages`);
    assert.ok(await page.locator(COMPOSER).isVisible());
    await fits(page);
  }));

Deno.test("in forced colours the open room and the buttons are visible", () =>
  withPeople(async (people) => {
    const { page } = people.ada;
    await page.emulateMedia({ forcedColors: "active" });
    await people.enter();
    await people.enter();
    await page.locator(".rooms [aria-current]").waitFor();
    await page.locator(".rooms a:not([aria-current])").first().waitFor();
    const [selected, other] = await page.evaluate<string[]>(ROOM_COLOURS);
    assert.notEqual(selected, other);
    const buttons = await page.evaluate<Button[]>(BUTTONS);
    assert.ok(buttons.length > 3);
    for (const { name, width, border, background } of buttons) {
      assert.equal(width, "1px", name);
      assert.notEqual(border, background, name);
    }
  }));

Deno.test("after an error the focus is on its field, which is marked until it is changed", () =>
  withBrowser(async (browser, { url }) => {
    const { page } = await visit(browser, url);
    const { email } = await Account.register(url, "Ada");
    await page.fill("#login-form [name=email]", email);
    await page.fill("#login-form [name=password]", "wrong horse");
    await page.click("#login-form button");
    await isAtFault(page, "#login-form [name=password]", /wrong/);
    await page.keyboard.type("!");
    assert.equal(await page.getAttribute("#login-form [name=password]", "aria-invalid"), null);

    await page.fill("#register-form [name=displayName]", "Bob");
    await page.fill("#register-form [name=email]", email);
    await page.fill("#register-form [name=password]", "correct horse");
    await page.click("#register-form button");
    await isAtFault(page, "#register-form [name=email]", /./);

    await page.fill("#register-form [name=displayName]", "x".repeat(51));
    await page.click("#register-form button");
    await isAtFault(page, "#register-form [name=displayName]", /^Your name must be at most 50/);

    await page.fill("#register-form [name=displayName]", "Bob");
    await page.fill("#register-form [name=email]", `bob.${email}`);
    await page.click("#register-form button");
    await isOnline(page);
    await page.click("#new-room");
    await page.fill("#new-room-form [name=name]", "x".repeat(81));
    await page.click("#new-room-form > button");
    await isAtFault(page, "#new-room-form [name=name]", /^Name must be at most 80/);
  }));

Deno.test("an error that concerns no field leaves the focus where it was", () =>
  withBrowser(async (browser, { url }) => {
    const { page } = await visit(browser, url);
    await page.fill("#login-form [name=email]", "ada@example.com");
    await page.fill("#login-form [name=password]", "correct horse");
    await page.route("**/auth/login", (route) => route.abort());
    await page.focus("#login-form button");
    await page.keyboard.press("Enter");
    await page.locator("#login-form-fault").getByText("cannot be reached").waitFor();
    assert.equal(await page.locator("#login-form button:focus").count(), 1);
  }));

Deno.test("messages that are sent too fast show that, and when they will be sent", () =>
  withBrowser(async (browser, { url }) => {
    const ada = await Account.register(url, "Ada");
    const { id } = await ada.createRoom("General");
    const { page } = await visit(browser, `${url}/#/${id}`);
    await signIn(page, ada);
    await page.waitForSelector(".room[data-state=live]");
    // The page alone may be too slow for the limit: each window is used up elsewhere.
    const over = new AbortController();
    const elsewhere = useUp(ada, id, over.signal);
    try {
      await page.evaluate(SEND_MANY);
      const outcomes = page.locator(".message .outcome");
      let texts: string[] = [];
      // Looked at together: while the first one is sent anew, it is not known when the others will be.
      await until(async () => {
        texts = await outcomes.allInnerTexts();
        return texts.some((text) => TOO_FAST.test(text)) && texts.includes("Waiting for its turn");
      }, "messages are sent too fast");
      assert.ok(!texts.includes("Waiting to be sent"));
    } finally {
      over.abort();
      await elsewhere;
    }
  }, { RATE_LIMIT: "on" }));

/** Sends as many messages as a window of the limit takes, in each window until the signal. */
async function useUp(account: Account, roomId: string, signal: AbortSignal): Promise<void> {
  const socket = await TestSocket.connect(account);
  while (!signal.aborted) {
    const answers = await Promise.all(
      range(1, WINDOW).map(() => {
        const clientMessageId = crypto.randomUUID();
        return socket.call("message:send", { roomId, text: "Hello", clientMessageId });
      }),
    );
    const seconds = answers.find(({ event }) => event === "error")?.data.retryAfter ?? 0;
    await setTimeout(seconds * 1_000, undefined, { signal }).catch(() => {});
  }
  await socket.close();
}

Deno.test("in production over plain http the page warns that a reload signs out, and why", () =>
  withBrowser(async (browser, { url }) => {
    const { page } = await visit(browser, insecure(url));
    await signUp(page, "Ada");
    await page.locator("#warning").getByText("a reload signs you out").waitFor();
    await page.reload();
    await page.locator("#welcome").getByText("NODE_ENV=development").waitFor();
  }, PRODUCTION));

Deno.test("in development over plain http the session outlives a reload, and there is no warning", () =>
  withBrowser(async (browser, { url }) => {
    const { page } = await visit(browser, insecure(url));
    const checked = page.waitForResponse((response) =>
      response.url().endsWith("/auth/refresh") && response.status() === 200
    );
    await signUp(page, "Ada");
    await checked;
    await page.reload();
    await isOnline(page);
    assert.equal(await page.locator("#warning").isVisible(), false);
  }));

Deno.test("with registration closed the page only offers to sign in", () =>
  withBrowser(async (browser, { url }) => {
    const { page } = await visit(browser, url);
    await page.getByText("Registration is closed on this server").waitFor();
    assert.equal(await page.locator("#register-form").isVisible(), false);
    assert.equal(await page.locator("#login-form").isVisible(), true);
  }, { REGISTRATION: "closed" }));

Deno.test("with the try page off the chat page does not link to it", () =>
  withBrowser(async (browser, { url }) => {
    const { page } = await visit(browser, url);
    await page.waitForSelector("#login-form");
    assert.equal(await page.locator("a[href='/try']").isVisible(), false);
  }, { TRY_PAGE: "off" }));

async function goTo(page: Page, hash: string): Promise<void> {
  await page.evaluate((hash) => void (location.hash = hash), hash);
}

async function signIn(page: Page, { email, password }: Account): Promise<void> {
  await page.fill("#login-form [name=email]", email);
  await page.fill("#login-form [name=password]", password);
  await page.click("#login-form button");
  await isOnline(page);
}

async function paste(page: Page, text: string): Promise<void> {
  await page.focus(COMPOSER);
  await page.keyboard.insertText(text);
}

async function isAtFault(page: Page, selector: string, fault: RegExp): Promise<void> {
  await page.waitForSelector(`${selector}[aria-invalid=true]:focus`);
  const described = await page.getAttribute(selector, "aria-describedby");
  assert.match(await page.locator(`#${described}`).innerText(), fault);
}

/** Nothing sticks out at the side, of the page or of what scrolls in it. */
async function fits(page: Page): Promise<void> {
  assert.deepEqual(await page.evaluate(OUTSIDE), []);
}
