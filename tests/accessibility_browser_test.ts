/** The pages, looked over by axe: nothing that keeps people out. */
import type { Page } from "playwright-core";
import { assertAccessible } from "./harness/accessibility.ts";
import {
  act,
  isSent,
  makeRoom,
  shareBrowser,
  showActions,
  signUp,
  visit,
  write,
} from "./harness/browser.ts";

const { withBrowser } = shareBrowser();

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test(`axe finds nothing serious on the chat's pages in ${colorScheme}`, () =>
    withBrowser(async (browser, server) => {
      const { page } = await visit(browser, server.url, { colorScheme });
      await page.waitForSelector("#register-form");
      await assertAccessible(page, "signed out");
      await page.fill("#login-form [name=email]", "nobody@example.com");
      await page.fill("#login-form [name=password]", "wrong horse");
      await page.press("#login-form [name=password]", "Enter");
      await page.waitForSelector("#login-form [aria-invalid]");
      await assertAccessible(page, "after a fault");
      await signUp(page, "Ada");
      await assertAccessible(page, "no room");
      await page.click("#new-room");
      await page.locator("#new-room-form").waitFor();
      await assertAccessible(page, "making a room");
      await page.keyboard.press("Escape");
      await makeRoom(page, "General");
      await write(page, "Hello, **you**: `code` and https://example.com/");
      await isSent(page, "Hello, you: code and https://example.com/");
      await assertAccessible(page, "in a room");
      await assertAccessibleOpened(page);
      await page.fill(".composer [name=text]", "x".repeat(4_001));
      await assertAccessible(page, "with a text that is too long");
      await page.setViewportSize({ width: 390, height: 780 });
      await assertAccessible(page, "in a room on a phone");
      await page.setViewportSize({ width: 320, height: 256 });
      await assertAccessible(page, "in a room at 400 %");
      await page.goto(`${server.url}/#/nowhere`);
      await page.waitForSelector(".dead-end");
      await assertAccessible(page, "at a room that does not exist");
      await page.goto(`${server.url}/#/invite/nothing`);
      await page.getByText("This invitation does not work").waitFor();
      await assertAccessible(page, "at an invitation that does not work");
      await page.goto(`${server.url}/nowhere`);
      await assertAccessible(page, "at an unknown path");
      await page.goto(`${server.url}/try`);
      await assertAccessible(page, "before trying it");
      await page.getByRole("button", { name: "Open both" }).click();
      await page.locator(".room[data-state=live]").nth(1).waitFor();
      await assertAccessible(page, "trying it");
    }));
}

/** The buttons that open dialogs about people. */
const PEOPLE = [
  ["#new-message", "beginning a direct message"],
  ["#mentions", "with the mentions"],
  [".invite", "inviting others"],
  [".message:not(.system) .person-name", "at the card of a person"],
] as const;

/** What is opened over or beside the messages, one after the other. */
async function assertAccessibleOpened(page: Page): Promise<void> {
  const message = page.locator(".message").last();
  await showActions(message);
  await assertAccessible(page, "with the actions of a message");
  await act(message, "React");
  await page.getByRole("dialog", { name: "Pick an emoji" }).waitFor();
  await assertAccessible(page, "picking an emoji");
  await page.locator(".picker .emoji").first().click();
  await message.locator(".reactions").waitFor();
  await act(message, "Pin");
  await page.getByRole("button", { name: "Pins" }).click();
  await page.locator(".pane-message").waitFor();
  await assertAccessible(page, "with a reaction, a pin, and the pane of pins");
  await act(message, "Thread");
  await page.locator(".pane [name=answer]").fill("So do I");
  await page.press(".pane [name=answer]", "Enter");
  await page.locator(".pane-message[data-state=sent]").getByText("So do I").waitFor();
  await assertAccessible(page, "with a thread");
  await page.getByRole("button", { name: "Members", exact: true }).click();
  await page.getByRole("button", { name: "Actions for Ada" }).click();
  await page.getByRole("menuitem", { name: "Make moderator" }).waitFor();
  await assertAccessible(page, "with the members, and a menu");
  await page.getByRole("menuitem", { name: "Leave the room…" }).click();
  await assertAccessible(page, "with the question whether to leave");
  await page.keyboard.press("Escape");
  await page.press(".pane", "Escape");
  await page.getByRole("button", { name: "More about this room" }).click();
  await page.getByRole("menuitem", { name: "Room settings…" }).click();
  await page.getByText("Delete the room").first().click();
  await assertAccessible(page, "with the settings of the room");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await page.getByRole("option").first().waitFor();
  await assertAccessible(page, "going to a room");
  await page.keyboard.press("Escape");
  for (const [button, where] of PEOPLE) {
    await page.click(button);
    await page.getByRole("dialog").waitFor();
    await assertAccessible(page, where);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }
  await page.locator("#me").click();
  await page.locator("#profile-form").waitFor();
  await assertAccessible(page, "at the own profile");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
}
