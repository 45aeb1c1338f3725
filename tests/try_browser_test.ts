/** The page at `/try`: two people side by side in a real Chromium, and what the buttons break. */
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { launchBrowser, visit } from "./harness/browser.ts";
import { startServer } from "./harness/server.ts";

Deno.test("two people meet, and each sees every frame but no token", () =>
  onTry(async ({ ada, bob }) => {
    await write(ada, "Hello, Bob");
    await sees(bob, "Hello, Bob");
    await frame(ada, "message:send").waitFor();
    await frame(bob, "message:new").waitFor();
    const frames = await ada.locator(".frames pre").allTextContents();
    assert.ok(frames.some((text) => text.includes("auth:identify")));
    assert.ok(!frames.some((text) => text.includes("eyJ")), "a token is shown");
  }));

Deno.test("who goes offline comes back to what was missed, and what they wrote arrives", () =>
  onTry(async ({ ada, bob }) => {
    await ada.getByRole("button", { name: "Go offline" }).click();
    await ada.locator(".connection[data-state=waiting]").waitFor();
    await write(ada, "Written offline");
    await ada.locator(".message[data-state=queued]").waitFor();
    await write(bob, "Meanwhile");
    await ada.getByRole("button", { name: "Come back" }).click();
    await ada.getByText("Recovered 1 message in Two people").waitFor();
    await sees(bob, "Written offline");
    await sees(ada, "Meanwhile");
  }));

Deno.test("a killed socket is replaced", () =>
  onTry(async ({ ada, bob }) => {
    await ada.getByRole("button", { name: "Kill my socket" }).click();
    await ada.getByText("closed with 1006").waitFor();
    await write(bob, "Are you there?");
    await sees(ada, "Are you there?");
    await ada.locator(".connection[data-state=online]").waitFor();
  }));

Deno.test("an expired token is replaced", () =>
  onTry(async ({ ada, bob }) => {
    await ada.getByRole("button", { name: "Expire my token" }).click();
    await frame(ada, "auth:error").waitFor();
    await ada.locator(".connection[data-state=online]").waitFor();
    await write(bob, "Are you there?");
    await sees(ada, "Are you there?");
  }));

Deno.test("trying it leaves who is signed in on the chat page alone", () =>
  onTry(async ({ page }) => {
    assert.deepEqual(await page.context().cookies(), []);
  }));

async function onTry(work: (on: { page: Page; ada: Locator; bob: Locator }) => Promise<void>) {
  const server = await startServer();
  const browser = await launchBrowser();
  const { page, problems } = await visit(browser, `${server.url}/try`);
  await page.getByRole("button", { name: "Open the two" }).click();
  const [ada, bob] = ["Ada", "Bob"].map((name) => page.locator(`.person[aria-label=${name}]`));
  for (const person of [ada!, bob!]) await person.locator(".room[data-state=live]").waitFor();
  await work({ page, ada: ada!, bob: bob! });
  assert.deepEqual(problems, []);
  await browser.close();
  await server.stop();
}

async function write(person: Locator, text: string): Promise<void> {
  await person.locator("[name=text]").fill(text);
  await person.locator("[name=text]").press("Enter");
}

async function sees(person: Locator, text: string): Promise<void> {
  await person.locator(".message .text").getByText(text, { exact: true }).waitFor();
}

function frame(person: Locator, event: string): Locator {
  return person.locator(".frames summary").getByText(event).first();
}
