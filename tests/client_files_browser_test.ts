/** Uploads of the client in a real browser: progress, and what a reload leaves. */
// @slow: a browser
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { shareBrowser, signUp, visit } from "./harness/browser.ts";
import { until } from "./harness/stage.ts";

const { withBrowser } = shareBrowser();

/** Opens a client beside the page's own, for the same user, in a room that it makes if needed. */
const ENTER = `(async () => {
  const { createClient } = await import("/assets/src/client/mod.ts");
  const client = globalThis.client = createClient(location.origin);
  client.connect();
  await client.api.readRoom("letters").catch(() => client.api.createRoom({ name: "Letters" }));
  const room = globalThis.room = client.join("letters");
  globalThis.seen = [];
  room.messages.subscribe(() => {
    const { state, files, attachments } = room.messages.get().at(-1);
    seen.push({ state, sent: files?.[0].sent, attached: attachments.length });
  });
  while (room.state.get().status !== "live") await new Promise((r) => setTimeout(r, 10));
})()`;

const SEND = `void room.send("A large letter", {
  files: [new File([new Uint8Array(3_000_000).fill(97)], "letter.txt", { type: "text/plain" })],
}).catch(() => {})`;

const IS_SENT = `room.messages.get().at(-1).attachments[0]?.size === 3_000_000 &&
  room.messages.get().at(-1).seq === 2`;

Deno.test("a browser shows how far an upload is", () =>
  withBrowser(async (browser, server) => {
    const { page } = await visit(browser, server.url);
    await signUp(page, "Ada");
    await page.evaluate(ENTER);
    // So that it takes longer than the browser waits between two events.
    const network = await page.context().newCDPSession(page);
    await network.send("Network.enable");
    await network.send("Network.emulateNetworkConditions", {
      ...{ offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 1_000_000 },
    });
    await page.evaluate(SEND);
    await shows(page, IS_SENT);
    const sent = await page.evaluate("seen.map(({ sent }) => sent).filter(Boolean)") as number[];
    assert.ok(sent.some((bytes) => bytes < 3_000_000), `shown: ${sent}`);
    assert.deepEqual(sent, sent.toSorted((a, b) => a - b));
    assert.equal(sent.at(-1), 3_000_000);
  }));

Deno.test("an upload goes on after a reload of the page", () =>
  withBrowser(async (browser, server) => {
    const { page } = await visit(browser, server.url);
    await signUp(page, "Ada");
    await page.evaluate(ENTER);
    await page.route("**/files?*", () => {});
    await page.evaluate(SEND);
    await shows(page, `room.messages.get().at(-1).state === "sending"`);
    await shows(page, IS_KEPT);
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await page.reload();
    await page.evaluate(ENTER);
    await shows(page, IS_SENT);
    assert.equal(await page.evaluate("room.messages.get().length"), 2);
  }));

Deno.test("files that are sent without a network, before their code is loaded, arrive later", () =>
  withBrowser(async (browser, server) => {
    const { page } = await visit(browser, server.url);
    await signUp(page, "Ada");
    await page.evaluate(ENTER);
    await page.evaluate("client.disconnect()");
    await page.context().setOffline(true);
    await page.evaluate(SEND);
    const shown = "(({ text, state }) => [text, state])(room.messages.get().at(-1))";
    assert.deepEqual(await page.evaluate(shown), ["A large letter", "queued"]);
    await page.context().setOffline(false);
    await page.evaluate("client.connect()");
    await shows(page, IS_SENT);
  }));

Deno.test("an upload of which nothing moves is sent again", () =>
  withBrowser(async (browser, server) => {
    const { page } = await visit(browser, server.url);
    await signUp(page, "Ada");
    const options = "location.origin, { timing: { silenceMs: 500 } }";
    await page.evaluate(ENTER.replace("location.origin", options));
    let attempts = 0;
    await page.route("**/files?*", (route) => attempts++ === 0 ? undefined : route.continue());
    await page.evaluate(SEND);
    await shows(page, IS_SENT);
    assert.ok(attempts > 1);
  }));

/** Whether IndexedDB has the file. */
const IS_KEPT = `(async () => {
  // To open it would make it.
  if (!(await indexedDB.databases()).some(({ name }) => name === "echoroom")) return false;
  return await new Promise((resolve) => {
    const opening = indexedDB.open("echoroom");
    opening.onsuccess = () => {
      const database = opening.result;
      const counting = database.transaction("uploads").objectStore("uploads").count();
      counting.onsuccess = () => (database.close(), resolve(counting.result === 1));
    };
  });
})()`;

/** Playwright's own wait evaluates its text on the page, which its policy forbids. */
function shows(page: Page, condition: string): Promise<void> {
  return until(() => page.evaluate<boolean>(condition), condition);
}
