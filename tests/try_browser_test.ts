/** The page at `/try`: two people side by side in a real Chromium, and what the buttons break. */
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { Account } from "./harness/account.ts";
import { insecure, shareBrowser, visit } from "./harness/browser.ts";

const { withBrowser } = shareBrowser();

interface Try {
  url: string;
  page: Page;
  ada: Locator;
  bob: Locator;
}

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

Deno.test("the room of the two is not among those of others", () =>
  onTry(async ({ url }) => {
    const visitor = await Account.register(url, "Visitor");
    assert.deepEqual((await visitor.request("GET", "/rooms")).body.rooms, []);
  }));

Deno.test("the server refuses nothing of what either does by itself", () =>
  onTry(async ({ ada, bob }) => {
    for (const person of [ada, bob]) await frame(person, "read:ack").waitFor();
    await write(ada, "Hello, Bob");
    await ada.locator(".seen").waitFor();
    for (const person of [ada, bob]) assert.equal(await frame(person, "error").count(), 0);
  }));

Deno.test("a user who goes offline gets what was missed, and what they wrote arrives", () =>
  onTry(async ({ ada, bob }) => {
    await ada.getByRole("button", { name: "Go offline" }).click();
    await ada.locator(".connection[data-state=waiting]").waitFor();
    await write(ada, "Written offline");
    await ada.locator(".message[data-state=queued]").waitFor();
    await write(bob, "Meanwhile");
    await bob.locator(".message[data-state=sent]").getByText("Meanwhile").waitFor();
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

Deno.test("trying it does not change who is signed in on the chat page", () =>
  onTry(async ({ page }) => {
    assert.deepEqual(await page.context().cookies(), []);
  }));

Deno.test("it can be tried from another machine over plain http", () =>
  withBrowser(async (browser, { url }) => {
    const { page, problems } = await visit(browser, insecure(`${url}/try`));
    assert.equal(await page.evaluate("isSecureContext"), false);
    const [ada, bob] = await begin(page);
    await write(ada, "Hello, Bob");
    await sees(bob, "Hello, Bob");
    assert.deepEqual(problems, []);
  }));

Deno.test("trying it again in the same browser gives the same two people and the same room", () =>
  onTry(async ({ page, ada }) => {
    const registrations: string[] = [];
    page.on("request", (request) => {
      if (request.url().endsWith("/auth/register")) registrations.push(request.url());
    });
    await write(ada, "Still here?");
    await ada.locator(".message[data-state=sent]").getByText("Still here?").waitFor();
    await page.reload();
    const [, bob] = await begin(page);
    await sees(bob, "Still here?");
    assert.deepEqual(registrations, []);
  }));

Deno.test("it can be tried again after the server has lost its data", () =>
  withBrowser(async (browser, { url }) => {
    const { page } = await visit(browser, `${url}/try`);
    const lost = JSON.stringify({ secret: "lost-0123456789", roomId: "gone" });
    await page.evaluate((party) => localStorage.setItem("echoroom:try", party), lost);
    await begin(page);
  }));

function onTry(work: (on: Try) => Promise<void>): Promise<void> {
  return withBrowser(async (browser, { url }) => {
    const { page, problems } = await visit(browser, `${url}/try`);
    const [ada, bob] = await begin(page);
    await work({ url, page, ada, bob });
    assert.deepEqual(problems, []);
  });
}

async function begin(page: Page): Promise<[Locator, Locator]> {
  await page.getByRole("button", { name: "Open both" }).click();
  const [ada, bob] = ["Ada", "Bob"].map((name) => page.locator(`.person[aria-label=${name}]`));
  for (const person of [ada!, bob!]) await person.locator(".room[data-state=live]").waitFor();
  return [ada!, bob!];
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
