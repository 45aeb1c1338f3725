/** How people read on the page: what is unread, links to messages, pins and threads, the first visit. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { createClient } from "../src/client/mod.ts";
import { Account } from "./harness/account.ts";
import {
  act,
  focusesAtOnce,
  hasTitle,
  isSent,
  type People,
  seesLast,
  shareBrowser,
  signUp,
  visit,
  write,
} from "./harness/browser.ts";
import { range } from "./harness/client_world.ts";

const { withBrowser, withPeople } = shareBrowser();

/** Whether an element is within what can be seen of the messages. */
const IS_SEEN = `((selector) => {
  const box = document.querySelector(selector).getBoundingClientRect();
  const frame = document.querySelector(".messages").getBoundingClientRect();
  return box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1;
})`;

Deno.test("a room opens at the first of 60 unread messages, and is read once the last was seen", () =>
  withPeople(async (people) => {
    const { page } = people.ada;
    const name = await people.enter();
    await write(page, "Before");
    await isSent(page, "Before");
    await people.enter();
    await say(people, name, 60);
    await page.getByRole("link", { name: `${name} 60 unread` }).click();
    await page.locator(".unread").waitFor();
    assert.ok(await sees(page, ".unread"), "the line is on the screen");
    assert.equal(await sees(page, ".message:last-child"), false);
    assert.match(await page.title(), /^\(\d+\) /);
    await page.locator(".to-newest").getByText(/^\d+ new messages$/).click();
    await seesLast(page, "60");
    await hasTitle(page, name);
    await page.getByRole("link", { name, exact: true }).waitFor();
  }));

Deno.test("own messages are never unread, on no device", () =>
  withPeople(async (people) => {
    const { page } = people.ada;
    const name = await people.meet();
    await people.bob.offline(true);
    await people.bob.page.waitForSelector(".connection[data-state=waiting]");
    await write(people.bob.page, "Written offline");
    await people.bob.offline(false);
    await seesLast(page, "Written offline");
    assert.equal(await people.bob.page.locator(".unread").count(), 0);
    const tab = await people.bob.page.context().newPage();
    await tab.goto(people.bob.page.url());
    await seesLast(tab, "Written offline");
    assert.equal(await tab.locator(".unread").count(), 0);
    assert.equal(await tab.getByRole("link", { name: `${name} 1 unread` }).count(), 0);
    await tab.close();
  }));

Deno.test("a message marked unread is so until its room is opened again, with a line above it", () =>
  withPeople(async (people) => {
    const { page } = people.ada;
    const name = await people.meet();
    // From then on the page follows the room also when it is closed.
    await page.getByRole("link", { name, exact: true }).waitFor();
    for (const text of ["One", "Two", "Three"]) {
      await write(people.bob.page, text);
      await seesLast(page, text);
    }
    const message = page.locator(".message", { has: page.getByText("Two", { exact: true }) });
    await act(message, "Mark unread");
    await page.locator(".unread").waitFor();
    await people.enter();
    await page.getByRole("link", { name: `${name} 2 unread` }).waitFor();
  }));

Deno.test("a link leads to its message, however far back, and says when there is none", () =>
  withPeople(async (people) => {
    const { page } = people.ada;
    const name = await people.enter();
    const [first, second] = await say(people, name, 130);
    await seesLast(page, "130");
    const room = new URL(page.url()).hash;
    await goTo(page, `${room}/${first}`);
    await page.locator(".message.target").getByText("1", { exact: true }).waitFor();
    assert.ok(await sees(page, ".message.target"));
    await goTo(page, `${room}/nothing`);
    await page.getByText("There is no such message in this room.").waitFor();

    const tab = await page.context().newPage();
    await tab.goto(`${page.url().split("#")[0]}${room}/${second}`);
    await tab.locator(".message.target").getByText("2", { exact: true }).waitFor();
    await tab.close();
  }));

Deno.test("pins are listed beside the messages, and lead to them", () =>
  withPeople(async (people) => {
    await people.meet();
    const [ada, bob] = [people.ada.page, people.bob.page];
    await write(ada, "The door code is 4711");
    await isSent(ada, "The door code is 4711");
    await focusesAtOnce(bob, `document.querySelector("button.pins-button").click()`, ".pane");
    await bob.getByText("Nothing is pinned in this room.").waitFor();
    await act(ada.locator(".message").last(), "Pin");
    const pin = bob.locator(".pane-message").getByText("The door code is 4711");
    await pin.waitFor();
    await bob.getByRole("button", { name: "Show in the room" }).click();
    await bob.locator(".message.target").getByText("The door code is 4711").waitFor();
    // Where the pane takes the place of the messages, it gives that up.
    await bob.setViewportSize({ width: 390, height: 780 });
    await bob.getByRole("button", { name: "Show in the room" }).click();
    await bob.locator(".pane").waitFor({ state: "detached" });
    await bob.locator(".message.target").getByText("The door code is 4711").waitFor();
  }));

Deno.test("a thread is read and answered beside the messages", () =>
  withPeople(async (people) => {
    await people.meet();
    const [ada, bob] = [people.ada.page, people.bob.page];
    await write(ada, "Where do we meet?");
    await seesLast(bob, "Where do we meet?");
    await act(bob.locator(".message").last(), "Thread");
    await bob.locator(".pane-message").getByText("Where do we meet?").waitFor();
    await bob.fill("[name=answer]", "At the harbour");
    await bob.press("[name=answer]", "Enter");
    await bob.locator(".pane-message").getByText("At the harbour").waitFor();
    await ada.getByRole("button", { name: "1 answer" }).click();
    await ada.locator(".pane-message").getByText("At the harbour").waitFor();
    await ada.fill("[name=answer]", "See you there");
    await ada.press("[name=answer]", "Enter");
    await bob.locator(".pane-message").getByText("See you there").waitFor();
    await bob.locator(".pane").press("Escape");
    await bob.locator(".pane").waitFor({ state: "detached" });
  }));

Deno.test("a mention of somebody who has never been in the room is shown as one", () =>
  withPeople(async (people) => {
    await people.meet();
    const { page } = people.bob;
    const { url } = people.server;
    const [cem, dora] = [
      await Account.register(url, "Cem"),
      await Account.register(url, "Dora Maar"),
    ];
    const slug = new URL(page.url()).hash.slice(2);
    const message = { text: "@Dora Maar, where are you?", mentions: [dora.id] };
    await cem.request("POST", `/rooms/${slug}/messages`, message);
    await page.locator(".mention").getByText("@Dora Maar").waitFor();
  }));

Deno.test("the first visitor is led to the first room, and to a link that brings a second one", () =>
  withBrowser(async (browser, { url }) => {
    const { page, problems } = await visit(browser, url);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await signUp(page, "Ada");
    await page.getByRole("heading", { name: "There is no room yet" }).waitFor();
    await page.fill("#first-room-form [name=name]", "Harbour");
    await page.press("#first-room-form [name=name]", "Enter");
    await page.getByRole("button", { name: "Copy the link" }).click();
    await page.getByText("The link to this room is copied").waitFor();
    assert.equal(await page.evaluate("navigator.clipboard.readText()"), `${url}/#/harbour`);
    // The first stops of the Tab key skip to where people want to be.
    await page.evaluate("document.activeElement.blur()");
    await page.locator(".skip button").first().press("Enter");
    await page.locator(".composer [name=text]:focus").waitFor();
    assert.deepEqual(problems, []);
  }));

/** Somebody else says 1, 2, 3 … in a room. Returns the ids of the messages. */
async function say({ server }: People, name: string, count: number): Promise<string[]> {
  const cem = await Account.register(server.url, "Cem");
  const client = createClient(server.url, { token: () => Promise.resolve(cem.token) });
  client.connect();
  const room = client.join(name.toLowerCase().replaceAll(" ", "-"));
  const acks = await Promise.all(range(1, count).map((number) => room.send(String(number))));
  client.close();
  return acks.map(({ id }) => id);
}

async function sees(page: Page, selector: string): Promise<boolean> {
  return await page.evaluate<boolean>(`${IS_SEEN}(${JSON.stringify(selector)})`);
}

async function goTo(page: Page, hash: string): Promise<void> {
  await page.evaluate((hash) => void (location.hash = hash), hash);
}
