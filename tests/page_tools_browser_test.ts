/** What the page offers beside its rooms: going to a room by name, the own profile, calls for attention. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { type Client, createClient } from "../src/client/mod.ts";
import { assertAccessible } from "./harness/accessibility.ts";
import {
  focusesAtOnce,
  hasTitle,
  isSent,
  makeRoom,
  pressing,
  shareBrowser,
  signUp,
  visit,
  write,
} from "./harness/browser.ts";
import { halves } from "./harness/pictures.ts";

const { withBrowser } = shareBrowser();

Deno.test("Ctrl+K goes to a room by a few letters of its name, by keyboard alone", () =>
  withBrowser(async (browser, server) => {
    const { page, problems } = await visit(browser, server.url);
    await signUp(page, "Ada");
    for (const name of ["Tea time", "Général", "Gardening"]) await makeRoom(page, name);
    await focusesAtOnce(page, pressing("k", { ctrlKey: true }), "[role=combobox][name=room]");
    const input = page.getByRole("combobox", { name: "Name of a room" });
    await input.fill("gen");
    await page.getByRole("option", { selected: true }).getByText("Général").waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Général" }).waitFor();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("Control+k");
    await input.fill("no such room");
    await page.getByText("No room and nobody has such a name.").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.deepEqual(problems, []);
  }));

Deno.test("many rooms can be filtered by name, and Enter goes to the first", () =>
  withBrowser(async (browser, server) => {
    const client = await register(server.url, "Bob");
    for (let i = 1; i <= 7; i++) await client.api.createRoom({ name: `Room ${i}` });
    client.close();
    const { page, problems } = await visit(browser, server.url);
    await signUp(page, "Ada");
    await page.locator(".rooms").getByText("Room 7").waitFor();
    const filter = page.getByRole("searchbox", { name: "Filter rooms" });
    assert.equal(await filter.count(), 0);
    await makeRoom(page, "Gardening");
    await filter.fill("zz");
    await page.getByText("No room has such a name.").waitFor();
    await filter.fill("3");
    await page.locator("#found-rooms").getByText("Room 3").waitFor();
    assert.equal(await page.locator(".rooms a").count(), 1);
    await filter.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Room 3" }).waitFor();
    await page.locator("#own-rooms").getByText("Gardening").waitFor();
    assert.deepEqual(problems, []);
  }));

Deno.test("the first user of a server is invited to make a room", () =>
  withBrowser(async (browser, server) => {
    const { page, problems } = await visit(browser, server.url);
    await signUp(page, "Ada");
    await page.getByRole("heading", { name: "Welcome! There is no room yet." }).waitFor();
    await page.getByRole("button", { name: "Make the room" }).click();
    await page.getByRole("heading", { level: 1, name: "General" }).waitFor();
    await page.getByRole("button", { name: "Invite" }).waitFor();
    assert.deepEqual(problems, []);
  }));

Deno.test("the own name is changed in the profile, and stays so", () =>
  withBrowser(async (browser, server) => {
    const { page, problems, offline } = await visit(browser, server.url);
    await signUp(page, "Ada");
    await makeRoom(page, "Tea");
    await write(page, "Hello");
    await isSent(page, "Hello");
    await page.locator("#me").click();
    const form = page.locator("#profile-form");
    await form.locator("[name=displayName]").fill("Ada Lovelace");
    await form.locator("[name=avatarUrl]").fill("http://example.com/ada.png");
    // What is shown changes, and what was typed stays.
    await offline(true);
    await page.waitForSelector(".connection:not([data-state=online])", { state: "attached" });
    await offline(false);
    await form.locator("button").click();
    await form.getByText("Address of a picture must be an https URL").waitFor();
    await form.locator("[name=avatarUrl]").fill("");
    await form.locator("button").click();
    await page.locator("#me").getByText("Ada Lovelace").waitFor();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.reload();
    await page.locator(".message .sender").getByText("Ada Lovelace").last().waitFor();
    // Chromium reports the 400 by which the server refused the address.
    assert.deepEqual(problems.filter((problem) => !/400/.test(problem)), []);
  }));

Deno.test("a square of a picture becomes the own avatar, everywhere, until it is removed", () =>
  withBrowser(async (browser, server) => {
    const { page, problems } = await visit(browser, server.url);
    await signUp(page, "Ada");
    await makeRoom(page, "Tea");
    await write(page, "Hello");
    await page.locator("#me").click();
    const dialog = page.getByRole("dialog", { name: "Your profile" });
    await choose(page, Buffer.from("<svg/>"));
    await dialog.getByText("This file is no picture that the browser can show.").waitFor();
    // Red on the left and blue on the right.
    await choose(page, await halves(900, 600).png().toBuffer());
    const canvas = dialog.locator("canvas:focus");
    await canvas.waitFor();
    for (let i = 0; i < 10; i++) await page.keyboard.press("ArrowLeft");
    await assertAccessible(page, "cutting out an avatar");
    // It would save the profile without the picture.
    await dialog.getByRole("button", { name: "Save" }).waitFor({ state: "hidden" });
    await dialog.getByRole("button", { name: "Use this picture" }).click();
    const own = dialog.locator(".own-avatar .avatar img");
    await own.waitFor();
    await dialog.getByRole("button", { name: "Save" }).waitFor();
    assert.match((await own.getAttribute("src"))!, /^\/avatars\//);
    // The whole left side is in the square, of which so three quarters are red.
    assert.deepEqual(await page.evaluate(COLOURS), ["red", "red", "blue"]);
    await dialog.getByRole("button", { name: "Remove it" }).click();
    await own.waitFor({ state: "detached" });
    assert.deepEqual(problems, []);
  }));

/** The colours of the own avatar at its left side, between the middle and the right side, and there. */
const COLOURS = `(async () => {
  const bitmap = await createImageBitmap(document.querySelector(".own-avatar img"));
  const context = new OffscreenCanvas(8, 1).getContext("2d");
  context.drawImage(bitmap, 0, 0, 8, 1);
  const { data } = context.getImageData(0, 0, 8, 1);
  return [0, 5, 7].map((x) => data[4 * x] > data[4 * x + 2] ? "red" : "blue");
})()`;

/** Chooses a file as the own picture. */
async function choose(page: Page, buffer: Buffer): Promise<void> {
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Choose a picture" }).click();
  await (await chooser).setFiles({ name: "ada.png", mimeType: "image/png", buffer });
}

Deno.test("a mention calls for one who is not looking, if notifications are turned on", () =>
  withBrowser(async (browser, server) => {
    const { page, problems } = await visit(browser, server.url, { permissions: ["notifications"] });
    await recordNotifications(page);
    await signUp(page, "Bob");
    await makeRoom(page, "Tea");
    await page.locator("#me").click();
    await page.getByLabel("Show a notification").check();
    await page.getByRole("button", { name: "Close" }).click();
    const { client, mention } = await writer(server.url, page);
    await mention("while Bob looks");
    await page.locator(".message").getByText("while Bob looks").waitFor();
    await page.evaluate("document.hasFocus = () => false");
    await mention("**while** Bob is away");
    const shown = await page.waitForSelector("html[data-notification]");
    const notification = await shown.getAttribute("data-notification");
    assert.equal(notification, "Ada mentioned you in Tea: @Bob while Bob is away");
    // Nor has he read it.
    await hasTitle(page, "(@1) Tea");
    client.close();
    assert.deepEqual(problems, []);
  }));

/** Instead of showing notifications, makes the last one an attribute of the page. */
async function recordNotifications(page: Page): Promise<void> {
  await page.addInitScript(`
    Notification = class {
      static permission = "granted";
      constructor(title, { body }) {
        document.documentElement.dataset.notification = title + ": " + body;
      }
      close() {}
    };
  `);
  await page.reload();
}

/** Ada, who writes to Bob's room from elsewhere. */
async function writer(url: string, page: Page) {
  const client = await register(url, "Ada");
  const room = client.join(await page.evaluate(`location.hash.slice(2)`));
  const { promise, resolve } = Promise.withResolvers<string>();
  const find = () => {
    const bob = room.info.get()?.createdBy;
    if (bob) resolve(bob.id);
  };
  room.info.subscribe(find);
  find();
  const bobId = await promise;
  const mention = (text: string) => room.send(`@Bob ${text}`, { mentions: [bobId] });
  return { client, mention };
}

async function register(url: string, displayName: string): Promise<Client> {
  const client = createClient(url);
  const email = `${crypto.randomUUID()}@example.com`;
  await client.register({ email, password: "correct horse", displayName });
  return client;
}
