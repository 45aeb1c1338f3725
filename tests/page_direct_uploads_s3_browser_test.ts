/** Files that the page sends straight to a bucket, if that lets pages do so (CORS). */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { makeRoom, shareBrowser, signUp, visit } from "./harness/browser.ts";
import { S3Server } from "./harness/s3_server.ts";

const { withBrowser } = shareBrowser();
const s3 = new S3Server();
await s3.start();
Deno.test.afterAll(() => s3.remove());

Deno.test("a file goes straight to a bucket that takes it from the page", async () => {
  await using front = await openToPages();
  await withBrowser(async (browser, { url }) => {
    const { page } = await visit(browser, url);
    await enterRoom(page);
    const sent = noteRequests(page);
    await sendFile(page, "plan.txt");
    assert.deepEqual(sent, ["POST /files", "PUT to the bucket", "POST /files/…/complete"]);
  }, { ...s3.settings, S3_ENDPOINT: front.url });
});

Deno.test("what a bucket does not take from the page goes through the server", () =>
  withBrowser(async (browser, { url }) => {
    const { page } = await visit(browser, url);
    await enterRoom(page);
    const sent = noteRequests(page);
    await sendFile(page, "plan.txt");
    assert.deepEqual(sent.filter((each) => each.startsWith("POST")), [
      "POST /files",
      "POST /files?name=plan.txt",
    ]);
    sent.length = 0;
    await sendFile(page, "list.txt");
    assert.deepEqual(sent, ["POST /files?name=list.txt"]);
  }, s3.settings));

async function enterRoom(page: Page): Promise<void> {
  await signUp(page, "Ada");
  await makeRoom(page, "Tea");
}

async function sendFile(page: Page, name: string): Promise<void> {
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Attach files" }).click();
  await (await chooser).setFiles({ name, mimeType: "text/plain", buffer: Buffer.from("Cups") });
  await page.locator(".composer .tray").getByText(name).waitFor();
  await page.press(".composer [name=text]", "Enter");
  await page.locator(".message .file").getByText(name).waitFor();
}

/** The requests with which the page uploads from now on. */
function noteRequests(page: Page): string[] {
  const sent: string[] = [];
  page.on("request", (request) => {
    const { pathname, search } = new URL(request.url());
    const path = pathname.replace(/^\/files\/[^/]+\//, "/files/…/") + search;
    if (request.method() === "PUT") sent.push("PUT to the bucket");
    if (request.method() === "POST" && /^\/files(?!\/token)/.test(path)) {
      sent.push(`POST ${path}`);
    }
  });
  return sent;
}

/** The bucket, as a service shows it whose CORS rule is that of docs/operations.md. */
async function openToPages(): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer((incoming, outgoing) => {
    const { origin } = incoming.headers;
    if (origin) outgoing.setHeader("access-control-allow-origin", origin);
    if (incoming.method !== "OPTIONS") return forward(incoming, outgoing);
    outgoing.setHeader("access-control-allow-methods", "PUT");
    outgoing.setHeader("access-control-allow-headers", "content-type");
    outgoing.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** With the `Host` that was signed. */
function forward(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, headers, url } = incoming;
  const sent = request(new URL(url!, s3.bucket.endpoint), { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(outgoing);
  });
  sent.on("error", () => outgoing.destroy());
  incoming.pipe(sent);
}
