/** What the page shows of the last visit while the server cannot be reached, in a real Chromium. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import {
  isSent,
  makeRoom,
  reconnect,
  shareBrowser,
  signUp,
  visit,
  write,
} from "./harness/browser.ts";
import { spawnServer } from "./harness/server.ts";
import { until } from "./harness/stage.ts";

/** Whether the page would open without its server. */
const IS_KEPT = `(async () => {
  await navigator.serviceWorker.ready;
  return await caches.match("/assets/web/page.ts") !== undefined;
})()`;

/** The texts of all messages kept in this browser, as JSON. */
const ARCHIVED = `new Promise((resolve) => {
  const opening = indexedDB.open("echoroom-archive");
  opening.onsuccess = () => {
    const stores = [...opening.result.objectStoreNames];
    if (stores.length === 0) return resolve("[]");
    const reading = opening.result.transaction(stores).objectStore("rooms").getAll();
    reading.onsuccess = () => resolve(JSON.stringify(reading.result.map(({ messages }) => {
      return messages.map(({ text }) => text);
    })));
  };
})`;

const { withBrowser } = shareBrowser();

Deno.test("the last rooms and messages are there after a reload without the server, and gone after signing out", () =>
  withBrowser(async (browser) => {
    const first = await spawnServer();
    const { page } = await visit(browser, first.url);
    await signUp(page, "Ada");
    for (const name of ["Tea", "Cake"]) {
      await makeRoom(page, name);
      await write(page, `**Hello** ${name}`);
      await isSent(page, `Hello ${name}`);
    }
    await until(() => page.evaluate<boolean>(IS_KEPT), "the page is kept");
    await until(async () => {
      const texts = await archived(page);
      return texts.includes("Hello** Tea") && texts.includes("Hello** Cake");
    }, "both rooms are kept");
    first.kill("SIGKILL");
    await first.ended;
    await page.reload();

    const archive = page.locator("main.archived");
    await archive.locator(".message").getByText("Hello Cake").waitFor();
    await archive.getByRole("link", { name: "Tea" }).click();
    await archive.locator(".message").getByText("Hello Tea").waitFor();
    assert.equal(await archive.locator("strong").innerText(), "Hello");

    const { port } = new URL(first.url);
    const second = await spawnServer({ ...first.settings, PORT: port });
    await reconnect(page);
    await archive.waitFor({ state: "detached" });
    await page.locator("#logout").click();
    await page.waitForSelector("#register-form");
    await until(async () => await archived(page) === "[]", "nothing is kept");
    await second.stop();
  }));

Deno.test("an answer that the browser has no room to keep is shown nevertheless", () =>
  withBrowser(async (browser, { url }) => {
    const { page } = await visit(browser, url);
    await until(() => page.evaluate<boolean>(IS_KEPT), "the page is kept");
    await page.evaluate(`caches.open("pages").then((copies) => {
      return copies.put("/", new Response("An older release"));
    })`);
    const debugging = await page.context().newCDPSession(page);
    await debugging.send("Storage.overrideQuotaForOrigin", { origin: url, quotaSize: 1 });
    await page.reload();
    await page.waitForSelector("#register-form");
  }));

async function archived(page: Page): Promise<string> {
  return await page.evaluate<string>(ARCHIVED);
}
