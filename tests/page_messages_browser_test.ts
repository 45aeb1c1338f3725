/** What people do with messages on the page, by mouse, keyboard and touch, in a real Chromium. */
import assert from "node:assert/strict";
import type { Browser, Locator, Page } from "playwright-core";
import { UNDO_MS } from "../web/messages/deletions.ts";
import {
  act,
  focusesAtOnce,
  holdTimers,
  isSent,
  launchBrowser,
  makeRoom,
  openRoom,
  pressing,
  seesLast,
  showActions,
  signUp,
  type Visit,
  visit,
  write,
} from "./harness/browser.ts";
import { startServer, type TestServer } from "./harness/server.ts";

const COMPOSER = ".composer [name=text]";
const EDITOR = "[name=edited]";

let server: TestServer;
let browser: Browser;
let ada: Visit;
let bob: Visit;
let rooms = 0;

Deno.test.beforeAll(async () => {
  server = await startServer();
  browser = await launchBrowser();
  ada = await visit(browser, server.url);
  bob = await visit(browser, server.url);
  await signUp(ada.page, "Ada");
  await signUp(bob.page, "Bob");
});

Deno.test.afterAll(async () => {
  await browser.close();
  await server.stop();
});

Deno.test("an own message is edited in its place, others see that, and Escape leaves it as it was", async () => {
  await meet();
  await write(ada.page, "Helo");
  await isSent(ada.page, "Helo");
  await act(last(ada.page), "Edit");
  await ada.page.fill(EDITOR, "Hello");
  await ada.page.press(EDITOR, "Enter");
  await seesLast(bob.page, "Hello");
  await last(bob.page).getByText("edited").waitFor();
  await last(bob.page).hover();
  await last(bob.page).getByRole("button", { name: "Reply" }).waitFor();
  assert.equal(await last(bob.page).getByRole("button", { name: "Edit" }).count(), 0);

  await ada.page.press(COMPOSER, "ArrowUp");
  await ada.page.fill(EDITOR, "Something else");
  await ada.page.press(EDITOR, "Escape");
  await seesLast(ada.page, "Hello");
  assert.equal(await ada.page.locator(EDITOR).count(), 0);
});

Deno.test("the field of a message that is edited stays on the screen, however much is below it", async () => {
  await meet();
  await write(ada.page, "First");
  await isSent(ada.page, "First");
  // Both fill the room.
  await write(ada.page, Array(16).fill("More").join("\n"));
  await last(ada.page).and(ada.page.locator("[data-state=sent]")).waitFor();
  const first = ada.page.locator(".message", { has: ada.page.getByText("First", { exact: true }) });
  await act(first, "Edit");
  await ada.page.fill(EDITOR, "First\n".repeat(6));
  await write(bob.page, "Meanwhile");
  await seesLast(ada.page, "Meanwhile");
  assert.ok(
    await ada.page.evaluate<boolean>(`(() => {
    const { top } = document.querySelector(".editor").getBoundingClientRect();
    return top >= document.querySelector(".messages").getBoundingClientRect().top - 1;
  })()`),
  );
});

Deno.test("a deletion can be undone, and is done when the user leaves the room", async () => {
  const name = await meet();
  await write(ada.page, "Oops");
  await isSent(ada.page, "Oops");
  // The time to undo it may be over before a slow machine has clicked, and must not do what leaving does.
  const goOn = await holdTimers(ada.page, UNDO_MS);
  try {
    await act(last(ada.page), "Delete");
    await ada.page.getByRole("button", { name: "Undo" }).click();
    await seesLast(ada.page, "Oops");
    await act(last(ada.page), "Delete");
    await last(ada.page).getByText("Message deleted").waitFor();
    await makeRoom(ada.page, `Elsewhere than ${name}`);
    await seesLast(bob.page, "Message deleted");
  } finally {
    await goOn();
  }
});

Deno.test("reactions are counted, own ones marked, and taken back with a click", async () => {
  await meet();
  await write(ada.page, "Lunch?");
  await seesLast(bob.page, "Lunch?");
  await showActions(last(bob.page));
  await focusesAtOnce(
    bob.page,
    `document.querySelector("[title=React]").click()`,
    ".picker .emoji",
  );
  await bob.page.locator(".picker input").fill("pizza");
  await bob.page.getByRole("button", { name: "pizza", exact: true }).waitFor();
  await bob.page.press(".picker input", "Enter");
  const [adas, bobs] = [ada, bob].map(({ page }) => last(page).locator(".reactions button"));
  await adas!.waitFor();
  assert.equal(await adas!.innerText(), "🍕 1");
  assert.equal(await adas!.getAttribute("aria-pressed"), "false");
  assert.equal(await adas!.getAttribute("title"), "Bob");
  await adas!.click();
  await bobs!.getByText("2").waitFor();
  await bobs!.click();
  await adas!.getByText("1").waitFor();
  await last(bob.page).locator("[aria-pressed=false]").getByText("1").waitFor();
});

Deno.test("an answer quotes its message, mentions by completion, and leads back to it", async () => {
  await meet();
  await write(ada.page, "Who takes the **minutes**?");
  await seesLast(bob.page, "Who takes the minutes?");
  await act(last(bob.page), "Reply");
  await bob.page.locator(".answered").getByText("Who takes the minutes?").waitFor();
  await bob.page.locator(COMPOSER).pressSequentially("You, @ad");
  await bob.page.getByRole("option", { name: "Ada" }).waitFor();
  await bob.page.press(COMPOSER, "Enter");
  assert.equal(await bob.page.inputValue(COMPOSER), "You, @Ada ");
  await bob.page.press(COMPOSER, "Enter");
  await seesLast(ada.page, "You, @Ada");
  await last(ada.page).locator(".mention.own").waitFor();
  await last(ada.page).locator(".quote").getByText("Who takes the minutes?").click();
  await ada.page.locator(".message.target").getByText("Who takes the minutes?").waitFor();
});

Deno.test("with the keyboard one goes from message to message, and acts on each", async () => {
  await meet();
  for (const text of ["One", "Two"]) await write(ada.page, text);
  await isSent(ada.page, "Two");
  await ada.page.focus(".messages");
  await ada.page.keyboard.press("ArrowUp");
  await ada.page.keyboard.press("ArrowUp");
  await ada.page.keyboard.press("e");
  await ada.page.fill(EDITOR, "One, edited");
  await ada.page.keyboard.press("Enter");
  await ada.page.locator(`${COMPOSER}:focus`).waitFor();
  await ada.page.locator(".message .text").getByText("One, edited", { exact: true }).waitFor();
  await ada.page.focus(".messages");
  await ada.page.keyboard.press("ArrowUp");
  await focusesAtOnce(ada.page, pressing("r"), COMPOSER);
  await ada.page.locator(".answered").getByText("Two").waitFor();
  await ada.page.keyboard.press("Escape");
  await ada.page.locator(".answered").waitFor({ state: "detached" });
});

Deno.test("a long press shows what can be done with a message, does none of it, and a touch beside ends it", async () => {
  const name = await meet();
  // As long as the screen: what is shown is under the finger.
  await write(ada.page, Array(30).fill("Press me").join("\n"));
  await last(ada.page).and(ada.page.locator("[data-state=sent]")).waitFor();
  const phone = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };
  const { page } = await visit(browser, server.url, phone);
  await signUp(page, "Cem");
  await openRoom(page, name);
  await last(page).getByText("Press me").waitFor();
  await pressLong(page);
  await page.locator(".room h1").tap();
  await page.getByRole("toolbar").waitFor({ state: "detached" });
  await pressLong(page);
  await page.getByRole("button", { name: "Reply" }).tap();
  await page.locator(".answered").getByText("Press me").waitFor();
  await page.context().close();
});

Deno.test("only the room's creator pins, and everybody sees it", async () => {
  await meet();
  await write(bob.page, "The door code is 4711");
  await seesLast(ada.page, "The door code is 4711");
  await act(last(ada.page), "Pin");
  await last(bob.page).getByText("pinned").waitFor();
  await last(bob.page).hover();
  await last(bob.page).getByRole("button", { name: "Reply" }).waitFor();
  assert.equal(await last(bob.page).getByRole("button", { name: "Unpin" }).count(), 0);
});

Deno.test("five changes that were made while one was offline are there when one is back", async () => {
  await meet();
  for (const text of ["One", "Two", "Three"]) await write(ada.page, text);
  await isSent(ada.page, "Three");
  await seesLast(bob.page, "Three");
  await bob.offline(true);
  const [one, two, three] = ["One", "Two", "Three"].map((text) =>
    ada.page.locator(".message").filter({ hasText: text })
  );
  await act(one!, "Delete");
  await act(two!, "Pin");
  await act(two!, "React");
  await ada.page.locator(".picker input").fill("pizza");
  await ada.page.getByRole("button", { name: "pizza", exact: true }).waitFor();
  await ada.page.press(".picker input", "Enter");
  await act(three!, "Edit");
  await ada.page.fill(EDITOR, "Third");
  await ada.page.press(EDITOR, "Enter");
  await write(ada.page, "Four");
  await isSent(ada.page, "Four");
  await bob.offline(false);
  await seesLast(bob.page, "Four");
  const bobs = bob.page.locator(".messages");
  await bobs.getByText("Message deleted").waitFor();
  await bobs.getByText("Third").waitFor();
  await bobs.locator(".reactions button").getByText("🍕").waitFor();
  await bob.page.getByRole("button", { name: "Pins" }).click();
  await bob.page.locator(".pane").getByText("Two").waitFor();
  assert.equal(await bobs.getByText("Three").count(), 0);
});

Deno.test("what was edited elsewhere meanwhile is not overwritten, and the text is kept", async () => {
  await meet();
  await write(ada.page, "Draft");
  await isSent(ada.page, "Draft");
  const tab = await ada.page.context().newPage();
  await tab.goto(ada.page.url());
  await seesLast(tab, "Draft");
  await tab.press(COMPOSER, "ArrowUp");
  await tab.fill(EDITOR, "From the tab");
  await ada.page.bringToFront();
  await ada.page.press(COMPOSER, "ArrowUp");
  await ada.page.fill(EDITOR, "From the page");
  await ada.page.press(EDITOR, "Enter");
  await seesLast(bob.page, "From the page");
  await tab.press(EDITOR, "Enter");
  await tab.getByText("It was edited elsewhere meanwhile").waitFor();
  assert.equal(await tab.inputValue(EDITOR), "From the tab");
  await seesLast(bob.page, "From the page");
  await tab.close();
});

/** A room of Ada's that both have open. */
async function meet(): Promise<string> {
  const name = `Room ${++rooms}`;
  await makeRoom(ada.page, name);
  await openRoom(bob.page, name);
  await ada.page.locator(".online").getByText("2 online").waitFor();
  return name;
}

/** Touches the end of the last message until what can be done with it is shown. */
async function pressLong(page: Page): Promise<void> {
  const { x, y, height } = (await last(page).locator(".text").boundingBox())!;
  const touch = await page.context().newCDPSession(page);
  const touchPoints = [{ x: x + 20, y: y + height - 10 }];
  await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
  await page.getByRole("toolbar").waitFor();
  await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
}

function last(page: Page): Locator {
  return page.locator(".message").last();
}
