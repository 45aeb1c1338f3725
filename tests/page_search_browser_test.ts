/** The search in messages on the page: in three scripts, with filters, to a message and back. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { assertAccessible } from "./harness/accessibility.ts";
import {
  hasTitle,
  isSent,
  makeRoom,
  repeatUntilSeen,
  shareBrowser,
  signUp,
  visit,
  write,
} from "./harness/browser.ts";

const { withBrowser, withPeople } = shareBrowser();
const FIELD = "#search-form [name=q]";

Deno.test("messages are found in three scripts, and one goes to a message and back", () =>
  withPeople(async (people) => {
    const { ada, bob } = people;
    const name = await people.meet();
    for (const text of ["The green tea is ready", "Зелёный чай готов", "お茶の時間です"]) {
      await write(ada.page, text);
      await isSent(ada.page, text);
    }
    const { page } = bob;
    await page.locator(".messages").focus();
    await page.keyboard.press("/");
    await page.locator(`${FIELD}:focus`).waitFor();
    await hasTitle(page, "Search");
    for (
      const [query, hit, whole] of [
        ["tea gre", "tea", "The green tea is ready"],
        ["ЧАЙ", "чай", "Зелёный чай готов"],
        ["お茶", "お茶", "お茶の時間です"],
      ] as const
    ) {
      await find(page, query, whole);
      await page.locator(".found-message mark", { hasText: exactly(hit) }).waitFor();
      assert.equal(await page.locator(".found-message").count(), 1);
    }
    await page.keyboard.press("ArrowDown");
    await page.locator(".found-message:focus").waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
    await page.locator(".message.target .text").getByText("お茶の時間です").waitFor();
    await page.getByRole("link", { name: "Results" }).click();
    await page.locator(".found-message:focus", { hasText: "お茶の時間です" }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator(`${FIELD}:focus`).waitFor();
    await page.keyboard.press("Escape");
    // The room in which the search was opened.
    await page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Results" }).count(), 0);
    assert.deepEqual([ada.problems, bob.problems], [[], []]);
  }));

Deno.test("a search is limited to a room, a sender and what messages have, and its address keeps that", () =>
  withPeople(async (people) => {
    const { ada, bob } = people;
    const other = await people.meet();
    await send(ada.page, "Cups are at https://example.com/cups");
    const name = await people.meet();
    await send(ada.page, "Cups, please");
    await send(bob.page, "Cups are here");
    const { page } = ada;
    await page.locator("#search").click();
    await find(page, "cups", "Cups are here");
    assert.equal(await shown(page, 3), 3);
    await page.getByLabel("Room", { exact: true }).selectOption(`This room: ${name}`);
    assert.equal(await shown(page, 2), 2);
    await page.getByText("Filters").click();
    await page.getByRole("combobox", { name: "Sender" }).fill("bob");
    await page.getByRole("listbox", { name: "People" }).getByText("Bob").click();
    assert.equal(await shown(page, 1), 1);
    await page.getByText("Filters (1)").waitFor();
    await page.reload();
    await page.locator(".found-message", { hasText: "Cups are here" }).waitFor();
    assert.equal(await page.inputValue(FIELD), "cups");
    await page.getByRole("button", { name: "Any sender, not Bob" }).click();
    await page.getByLabel("Room", { exact: true }).selectOption("All rooms");
    await page.getByLabel("With").selectOption("a link");
    assert.equal(await shown(page, 1), 1);
    await page.locator(".results").getByText(other, { exact: true }).waitFor();
    await page.getByLabel("To day").fill("2020-01-01");
    await page.getByText("No message is found.").waitFor();
  }));

Deno.test("Ctrl+K offers to search messages for what was typed", () =>
  withPeople(async (people) => {
    const { page } = people.ada;
    await people.enter();
    await send(page, "Nobody is called marmalade");
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "Name of a room" }).fill("marmalade");
    await page.getByRole("option", { name: "Search messages for “marmalade”" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await find(page, "marmalade", "Nobody is called marmalade");
  }));

Deno.test("why nothing could be looked for is said, and it can be tried again", () =>
  withPeople(async (people) => {
    const { page, problems } = people.ada;
    await people.enter();
    await send(page, "Try again");
    await page.route(/\/search\?/, (route) => route.abort());
    await page.locator("#search").click();
    await page.fill(FIELD, "again");
    await page.getByText("The server cannot be reached").waitFor();
    await page.unroute(/\/search\?/);
    await page.locator(".results").getByRole("button", { name: "Try again" }).click();
    await page.getByText("The server cannot be reached").waitFor({ state: "detached" });
    await find(page, "again", "Try again");
    problems.length = 0;
  }));

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test(`axe finds nothing serious on the search in ${colorScheme}`, () =>
    withBrowser(async (browser, server) => {
      const { page } = await visit(browser, server.url, { colorScheme });
      await signUp(page, "Ada");
      await makeRoom(page, "General");
      await send(page, "Porcelain cups");
      await page.locator("#search").click();
      await assertAccessible(page, "before a search");
      await find(page, "porcelain", "Porcelain cups");
      await page.getByText("Filters").click();
      await page.getByLabel("With").waitFor();
      await assertAccessible(page, "with results and filters");
      await page.setViewportSize({ width: 390, height: 780 });
      await assertAccessible(page, "on a phone");
      await page.locator(".found-message").click();
      await page.locator(".message.target").waitFor();
      await assertAccessible(page, "at a message that was found");
    }));
}

/** Looks for words until the one message is found: the newest ones are found soon, not at once. */
async function find(page: Page, query: string, text: string): Promise<void> {
  await page.fill(FIELD, query);
  await repeatUntilSeen(
    async () => {
      // Else the next search may begin, and take this one's place, before its answer has come.
      const answered = page.waitForResponse(/\/search\?/);
      await page.press(FIELD, "Enter");
      await answered;
      await page.locator(".results[aria-busy=false]").waitFor();
    },
    page.locator(".found-message", { hasText: exactly(text) }),
  );
}

/** Resolves once so many messages are shown. */
async function shown(page: Page, count: number): Promise<number> {
  await page.locator(".results").getByText(count === 1 ? "1 message" : `${count} messages`)
    .waitFor();
  return await page.locator(".found-message").count();
}

function exactly(text: string): RegExp {
  return new RegExp(`^\\s*${text}\\s*$`, "u");
}

async function send(page: Page, text: string): Promise<void> {
  await write(page, text);
  await isSent(page, text);
}
