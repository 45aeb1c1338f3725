/** The page at `/` and the one at `/docs`, as people use them in a real Chromium. */
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, seesLast, signUp, visit, write } from "./harness/browser.ts";
import { spawnServer, startServer, type TestServer } from "./harness/server.ts";

Deno.test("two people chat through the page", () =>
  withBrowser(async (browser, server) => {
    const ada = await visit(browser, server.url);
    const bob = await visit(browser, server.url);
    await signUp(ada.page, "Ada");
    await signUp(bob.page, "Bob");
    await makeRoom(ada.page, "General");
    await bob.page.click("#reload-rooms");
    await bob.page.locator("#rooms").getByText("General").click();

    await write(ada.page, "Hello, Bob");
    await seesLast(bob.page, "Hello, Bob");
    await write(bob.page, "Hello, Ada");
    await seesLast(ada.page, "Hello, Ada");
    await ada.page.locator("#messages li[data-state=sent]").getByText("Hello, Bob").waitFor();
    await ada.page.locator("#online").getByText("2 online").waitFor();
    await bob.page.locator("#send-form [name=text]").pressSequentially("I am");
    await ada.page.locator("#typing").getByText("Bob is typing").waitFor();
    assert.deepEqual([...ada.problems, ...bob.problems], []);
  }));

Deno.test("markup in names, rooms and messages is shown as it was written", () =>
  withBrowser(async (browser, server) => {
    const hostile =
      `<img src=x onerror="document.title='pwned'"><script>document.title='pwned'</script>`;
    const { page, problems } = await visit(browser, server.url);
    await signUp(page, "<b>Ada</b>");
    await makeRoom(page, hostile.slice(0, 80));
    await write(page, hostile);
    await seesLast(page, hostile);
    assert.equal(
      await page.locator("#messages script, #messages img[src=x], #rooms img").count(),
      0,
    );
    assert.notEqual(await page.title(), "pwned");
    assert.deepEqual(problems, []);
  }));

Deno.test("a reload keeps who is signed in and which room is open", () =>
  withBrowser(async (browser, server) => {
    const { page } = await visit(browser, server.url);
    await signUp(page, "Ada");
    await makeRoom(page, "General");
    await write(page, "Still here?");
    await page.locator("#messages li[data-state=sent]").getByText("Still here?").waitFor();
    await page.reload();
    await seesLast(page, "Still here?");
  }));

Deno.test("what is written while the server is dead arrives once it lives again", async () => {
  const browser = await launchBrowser();
  const first = await spawnServer();
  const ada = await visit(browser, first.url);
  const bob = await visit(browser, first.url);
  await signUp(ada.page, "Ada");
  await signUp(bob.page, "Bob");
  await makeRoom(ada.page, "General");
  await bob.page.click("#reload-rooms");
  await bob.page.locator("#rooms").getByText("General").click();
  await ada.page.locator("#online").getByText("2 online").waitFor();
  first.kill("SIGKILL");
  await first.ended;
  await ada.page.waitForSelector("#connection-state:not([data-state=online])");
  await write(ada.page, "Written while offline");

  const { port } = new URL(first.url);
  const second = await spawnServer({ ...first.settings, PORT: port });

  await seesLast(bob.page, "Written while offline");
  await ada.page.locator("#messages li[data-state=sent]").getByText("Written while offline")
    .waitFor();
  assert.equal(await bob.page.locator("#messages").getByText("Written while offline").count(), 1);
  await browser.close();
  await second.stop();
});

Deno.test("signing out ends the session in every tab", () =>
  withBrowser(async (browser, server) => {
    const { page } = await visit(browser, server.url);
    await signUp(page, "Ada");
    const tab = await page.context().newPage();
    await tab.goto(server.url);
    await tab.waitForSelector("#connection-state[data-state=online]");
    await tab.click("#logout");
    await page.locator("#login-form").waitFor();
  }));

Deno.test("the docs show every route and every event, and load nothing from elsewhere", () =>
  withBrowser(async (browser, server) => {
    const { page, problems } = await visit(browser, `${server.url}/docs`);
    await page.locator("#rest").getByText("/auth/register").first().waitFor();
    await page.locator("#events").getByText("message:send").first().waitFor();
    assert.deepEqual(problems, []);
  }));

async function withBrowser(
  work: (browser: Browser, server: TestServer) => Promise<void>,
): Promise<void> {
  const server = await startServer();
  const browser = await launchBrowser();
  await work(browser, server);
  await browser.close();
  await server.stop();
}

async function makeRoom(page: Page, name: string): Promise<void> {
  await page.fill("#new-room-form [name=name]", name);
  await page.press("#new-room-form [name=name]", "Enter");
  await page.locator("#messages").getByText("created the room").waitFor();
}
