/** The pages as the server hands them out: which there are, and what a dead link shows. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { onStage } from "./harness/stage.ts";

/** What browsers send when somebody follows a link. */
const NAVIGATION = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8";

Deno.test("a browser at an unknown path is shown a page that leads home", () =>
  onStage(async ({ server }) => {
    for (const path of ["/nowhere", "/auth/nowhere", "/docs/", "/assets/nowhere.js", "/100%"]) {
      const response = await get(server.url + path, NAVIGATION);
      assert.equal(response.status, 404, path);
      assert.equal(response.headers.get("content-type"), "text/html; charset=UTF-8", path);
      assert.match(response.headers.get("content-security-policy")!, /default-src 'self'/);
      assert.match(response.headers.get("vary")!, /Accept/);
      assert.match(await response.text(), /<a [^>]*href="\/"/);
    }
  }));

Deno.test("a program at an unknown path gets a problem, whatever its Accept", () =>
  onStage(async ({ server }) => {
    const programs = [
      "*/*",
      "application/json",
      "application/json, text/plain, */*",
      "application/json, text/html;q=0.9",
      "application/problem+json",
    ];
    for (const accept of programs) {
      const response = await get(`${server.url}/nowhere`, accept);
      assert.equal(response.status, 404, accept);
      assert.equal((await response.json()).code, "not_found", accept);
    }
    const body = await fetch(`${server.url}/nowhere`, {
      method: "POST",
      headers: { accept: NAVIGATION },
    });
    assert.equal((await body.json()).code, "not_found");
  }));

Deno.test("a browser at a path of the API gets the API's problem", () =>
  onStage(async ({ server }) => {
    const response = await get(`${server.url}/auth/me`, NAVIGATION);
    assert.equal((await response.json()).code, "unauthenticated");
  }));

Deno.test("the page for moderators is there, and loads and runs nothing from elsewhere", () =>
  onStage(async ({ server }) => {
    const page = await get(`${server.url}/admin`, NAVIGATION);
    assert.equal(page.status, 200);
    assert.match(page.headers.get("content-security-policy")!, /default-src 'self'/);
    assert.equal(page.headers.get("x-frame-options"), "DENY");
    assert.match(await page.text(), /src="\/assets\/web\/admin\.ts"/);
  }));

Deno.test("with TRY_PAGE off there is no page at /try, and the chat does not offer it", () =>
  onStage(async ({ server }) => {
    const page = await get(`${server.url}/try`, NAVIGATION);
    assert.equal(page.status, 404);
    assert.match(await page.text(), /There is nothing here/);
    const answer = await get(`${server.url}/try`, "*/*");
    assert.deepEqual([answer.status, (await answer.json()).code], [404, "not_found"]);
    assert.match(await (await get(`${server.url}/`, NAVIGATION)).text(), /<html data-off="try"/);
  }, { TRY_PAGE: "off" }));

Deno.test("with TRY_PAGE on the page at /try is there", () =>
  onStage(async ({ server }) => {
    const page = await get(`${server.url}/try`, NAVIGATION);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /Try it with two people/);
  }, { TRY_PAGE: "on" }));

Deno.test("the page has a manifest, with icons that the server has", () =>
  onStage(async ({ server }) => {
    const page = await (await get(`${server.url}/`, NAVIGATION)).text();
    const [, path] = /<link rel="manifest" href="([^"]+)">/.exec(page)!;
    const response = await get(server.url + path, "*/*");
    assert.equal(response.headers.get("content-type"), "application/manifest+json");
    const { start_url, icons } = await response.json();
    assert.equal(start_url, "/");
    for (const { src, type, sizes } of icons) {
      const icon = await get(server.url + src, "*/*");
      assert.ok(icon.headers.get("content-type")!.startsWith(type));
      const bytes = Buffer.from(await icon.arrayBuffer());
      if (type === "image/svg+xml") assert.match(bytes.toString(), /^<svg /);
      // Where PNG keeps width and height (RFC 2083, 11.2.1).
      else assert.equal(`${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`, sizes);
    }
  }));

Deno.test("the page's scripts import its libraries from the server itself", () =>
  onStage(async ({ server }) => {
    const addresses = new Set<string>();
    const pending = ["/assets/web/page.ts"];
    for (let address = pending.pop(); address !== undefined; address = pending.pop()) {
      if (addresses.has(address)) continue;
      addresses.add(address);
      const response = await get(server.url + address, "*/*");
      assert.equal(response.status, 200, address);
      assert.match(response.headers.get("content-type")!, /^text\/javascript/, address);
      const source = await response.text();
      for (const [, name] of source.matchAll(/^(?:im|ex)port[^;]*?from\s*"([^"]+)"/gm)) {
        assert.match(name!, /^[./]/, `${address} imports ${name}`);
        pending.push(new URL(name!, server.url + address).pathname);
      }
    }
    assert.ok(addresses.has("/assets/lib/preact.js"));
  }));

function get(url: string, accept: string): Promise<Response> {
  return fetch(url, { headers: { accept } });
}
