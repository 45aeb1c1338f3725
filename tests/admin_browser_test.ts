/** The page at `/admin`: what moderators and admins do on it, with a real Chromium. */
import assert from "node:assert/strict";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { assertAccessible } from "./harness/accessibility.ts";
import { Account } from "./harness/account.ts";
import { upload, uploadPicture } from "./harness/files.ts";
import { isOnline, launchBrowser, type Visit, visit } from "./harness/browser.ts";
import { startServer, type TestServer } from "./harness/server.ts";
import { until } from "./harness/stage.ts";

/** One server and its people for all tests, each of which makes its own rooms. */
let browser: Browser;
let server: TestServer;
let people: Record<"admin" | "owner" | "member", Account>;

Deno.test.beforeAll(async () => {
  [browser, server] = await Promise.all([launchBrowser(), startServer()]);
  // Whoever registers first is an admin of the server.
  const admin = await Account.register(server.url, "Grace");
  const [owner, member] = await Promise.all(
    ["Olivia", "Mallory"].map((name) => Account.register(server.url, name)),
  );
  people = { admin, owner: owner!, member: member! };
});

/** After a failure, too: the sockets of a test do not count in the next one. */
Deno.test.afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
});

Deno.test.afterAll(async () => {
  await browser.close();
  await server.stop();
});

Deno.test("who moderates nothing is told what the page is for, and led back", async () => {
  const { page, problems } = await signIn(people.member);
  await page.getByRole("heading", { name: "There is nothing for you to moderate" }).waitFor();
  assert.equal(await page.locator("#moderation").count(), 0);
  await page.getByRole("link", { name: "Go to the chat" }).click();
  await page.locator("#signed-in").waitFor();
  // Chromium reports the 403 by which the server refused the reports.
  assert.deepEqual(problems.filter((problem) => !/403/.test(problem)), []);
});

Deno.test("a moderator sees the reports of their rooms, and dismisses one with a note", async () => {
  const room = await reported("Boats", "Cheap boats");
  await reported("Elsewhere", "Not theirs", people.admin);
  const { page, problems } = await signIn(people.owner, `#/reports/${room.id}`);
  const report = page.locator(".report");
  await report.getByText("Cheap boats").waitFor();
  await report.getByText("spam").waitFor();
  await page.getByText("Only of Boats").waitFor();
  await page.getByRole("link", { name: "All rooms" }).click();
  await report.getByText("Cheap boats").waitFor();
  assert.equal(await report.getByText("Not theirs").count(), 0);
  assert.equal(await report.getByRole("button", { name: "Ban from server" }).count(), 0);
  const nav = page.getByRole("navigation", { name: "Sections" });
  assert.deepEqual(await nav.getByRole("link").allTextContents(), ["Reports", "Audit log"]);
  await report.filter({ hasText: "Cheap boats" }).getByRole("button", { name: "Dismiss" }).click();
  await page.getByLabel("Note for other moderators").fill("A joke among friends");
  await page.getByRole("dialog").getByRole("button", { name: "Dismiss" }).click();
  await report.filter({ hasText: "Cheap boats" }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Dismissed" }).click();
  await report.getByText("A joke among friends").waitFor();
  assert.deepEqual(problems, []);
});

Deno.test("a moderator sees the pictures of a report, also when its message is gone", async () => {
  const files = [await uploadPicture(people.member, 800, 600), await upload(people.member)];
  const ids = files.map(({ id }) => id);
  const { id, messagePath } = await reported("Pictures", "Look", people.owner, ids);
  assert.equal((await people.member.request("DELETE", messagePath)).status, 204);
  const { page, problems } = await signIn(people.owner, `#/reports/${id}`);
  const report = page.locator(".report");
  await report.getByRole("button", { name: "Download notes.txt" }).waitFor();
  await report.locator("img[alt='halves.png']").click();
  const large = page.getByRole("dialog", { name: "Pictures" }).locator("img");
  await large.waitFor();
  const widthOf = () => large.evaluate((image: { naturalWidth: number }) => image.naturalWidth);
  await until(async () => await widthOf() === 800, "the whole picture is shown");
  await page.keyboard.press("Escape");
  await large.waitFor({ state: "detached" });
  assert.deepEqual(problems, []);
});

Deno.test("an author is banned from a report, which is resolved, and the audit log says so", async () => {
  const room = await reported("Harbour", "Very cheap boats");
  const { page, problems } = await signIn(people.owner, `#/reports/${room.id}`);
  const report = page.locator(".report");
  await report.getByRole("button", { name: "Ban from room" }).click();
  const dialog = page.getByRole("dialog", { name: "Ban Mallory from the room" });
  await dialog.getByLabel("For how long").selectOption("7 days");
  await dialog.getByLabel("Delete their messages").selectOption("Of the last day");
  await dialog.getByLabel("Reason").fill("Boats again");
  await dialog.getByRole("button", { name: "Ban" }).click();
  await report.waitFor({ state: "detached" });
  await page.getByText("Mallory is banned from the room.").waitFor();
  const send = { text: "More boats" };
  const { status } = await people.member.request("POST", `/rooms/${room.id}/messages`, send);
  assert.equal(status, 403);
  await page.getByRole("link", { name: "Audit log" }).click();
  await page.getByRole("link", { name: "Harbour" }).click();
  const log = page.locator(".audit");
  await log.getByText("banned Mallory from Harbour until").waitFor();
  await log.getByText("Boats again").waitFor();
  await log.getByText("resolved a report of a message of Mallory in Harbour").waitFor();
  await page.getByLabel("Show").selectOption({ label: "Resolved a report" });
  await log.getByText("banned Mallory").waitFor({ state: "detached" });
  await log.getByText("resolved a report").waitFor();
  assert.deepEqual(problems, []);
});

Deno.test("a reported message is deleted, and its author muted", async () => {
  const room = await reported("Quay", "The cheapest boats");
  const { page, problems } = await signIn(people.owner, `#/reports/${room.id}`);
  const report = page.locator(".report");
  await report.getByRole("button", { name: "Mute author" }).click();
  const muting = page.getByRole("dialog", { name: "Mute Mallory in the room" });
  await muting.getByLabel("Resolve the report as well").uncheck();
  await muting.getByRole("button", { name: "Mute" }).click();
  await page.getByText("Mallory is muted in the room.").waitFor();
  await report.getByRole("button", { name: "Delete message" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("The message is deleted.").waitFor();
  const { body } = await people.owner.request("GET", `/rooms/${room.id}/messages`);
  const texts = body.messages.map(({ text }: { text: string }) => text);
  assert.equal(texts.includes("The cheapest boats"), false);
  assert.deepEqual(problems, []);
});

Deno.test("an admin finds a user by name, bans and unbans them, and makes them an admin for a while", async () => {
  const hedy = await Account.register(server.url, "Hedy Lamarr");
  const { page, problems } = await signIn(people.admin, "#/users");
  const line = page.getByRole("list", { name: "Users" }).getByRole("listitem");
  await page.getByLabel("Name").fill("lama");
  await line.filter({ hasText: "Grace" }).waitFor({ state: "detached" });
  await line.getByText("Hedy Lamarr").waitFor();
  await line.getByRole("button", { name: "Ban" }).click();
  const dialog = page.getByRole("dialog", { name: "Ban Hedy Lamarr from the server" });
  await dialog.getByLabel("Reason").fill("Jamming");
  await dialog.getByRole("button", { name: "Ban" }).click();
  await line.getByText("Banned until").waitFor();
  await line.getByText("Jamming").waitFor();
  assert.equal((await hedy.refresh()).body.code, "account_banned");
  await line.getByRole("button", { name: "Lift ban" }).click();
  await line.getByRole("button", { name: "Make admin" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Make admin" }).click();
  await line.getByText("Admin", { exact: true }).waitFor();
  await line.getByRole("button", { name: "Take role of admin" }).click();
  await line.getByRole("button", { name: "Make admin" }).waitFor();
  await page.getByRole("link", { name: "Audit log" }).click();
  const log = page.locator(".audit");
  await log.getByText("banned Hedy Lamarr from the server").waitFor();
  await log.getByText("took the role of an admin from Hedy Lamarr").waitFor();
  assert.deepEqual(problems, []);
});

Deno.test("an admin archives a room, and deletes it once its name is typed", async () => {
  const { id } = await people.owner.createRoom("Old dock");
  const { page, problems } = await signIn(people.admin, "#/rooms");
  const line = page.getByRole("listitem").filter({ hasText: "Old dock" });
  const dialog = page.getByRole("dialog", { name: "Old dock" });
  await page.getByRole("button", { name: "Manage Old dock" }).click();
  await dialog.getByRole("button", { name: "Archive" }).click();
  await line.waitFor({ state: "detached" });
  const { body } = await people.owner.request("GET", `/rooms/${id}`);
  assert.notEqual(body.room.archivedAt, null);
  await page.getByRole("button", { name: "Archived" }).click();
  await page.getByRole("button", { name: "Manage Old dock" }).click();
  await dialog.getByText("It is archived").waitFor();
  await dialog.getByLabel("The name of the room").fill("Old duck");
  await dialog.getByRole("button", { name: "Delete for ever" }).click();
  await dialog.getByText("This is not the name of the room.").waitFor();
  await dialog.getByLabel("The name of the room").fill("Old dock");
  await dialog.getByRole("button", { name: "Delete for ever" }).click();
  await line.waitFor({ state: "detached" });
  assert.equal((await people.owner.request("GET", `/rooms/${id}`)).status, 404);
  assert.deepEqual(problems, []);
});

Deno.test("an admin sees the instance that is alive, and its sockets when the list is read again", async () => {
  const { page, problems } = await signIn(people.admin, "#/instances");
  await page.getByRole("list", { name: "Instances" }).getByText("answered").waitFor();
  const shows = async (text: string) => {
    await page.getByRole("button", { name: "Reload" }).click();
    return await page.getByRole("status").getByText(text).isVisible();
  };
  // Those of the tests before may still close.
  await until(() => shows("1 open socket on"), "the page's own socket is shown");
  const other = await signIn(people.owner);
  await until(() => shows("2 open sockets on"), "the other page's socket is shown");
  assert.deepEqual([...problems, ...other.problems], []);
});

Deno.test("the chat's profile leads those to the page who moderate a room", async () => {
  await people.owner.createRoom("Slipway");
  const { page, problems } = await signIn(people.owner, "", "/");
  await page.locator("#me").click();
  await page.getByRole("link", { name: "Moderation" }).click();
  await page.getByRole("heading", { name: "Reports" }).waitFor();
  const other = await signIn(people.member, "", "/");
  await other.page.locator("#sidebar").waitFor();
  await other.page.locator("#me").click();
  await other.page.locator("#profile-form").waitFor();
  assert.equal(await other.page.getByRole("link", { name: "Moderation" }).count(), 0);
  assert.deepEqual([...problems, ...other.problems], []);
});

Deno.test("an admin reads the log of a private room of their own beside that of the server", async () => {
  const { body: { room } } = await people.admin.request("POST", "/rooms", {
    name: "Vault",
    type: "private",
    members: [people.member.id],
  });
  const path = `/rooms/${room.id}/members/${people.member.id}`;
  assert.equal((await people.admin.request("DELETE", path)).status, 204);
  const { page, problems } = await signIn(people.admin, "#/audit");
  await page.getByRole("list", { name: "Your rooms" }).getByRole("link", { name: "Vault" }).click();
  await page.getByText("Only of Vault").waitFor();
  await page.locator(".audit").getByText("removed Mallory").waitFor();
  // Chromium reports the 404 of rooms that other tests have deleted.
  assert.deepEqual(problems.filter((problem) => !/404/.test(problem)), []);
});

Deno.test("the log is filtered by who did it and by room, each found by name", async () => {
  const [lock, weir] = [
    await people.owner.createRoom("Lock"),
    await people.admin.createRoom("Weir"),
  ];
  const rename = (room: { id: string }, name: string, by: Account) =>
    by.request("PATCH", `/rooms/${room.id}`, { name });
  await rename(lock, "Old lock", people.owner);
  await rename(weir, "Old weir", people.admin);
  await rename(weir, "New weir", people.admin);
  const { page, problems } = await signIn(people.admin, "#/audit");
  const log = page.locator(".audit");
  await log.getByText("of Old lock").waitFor();
  await page.getByRole("combobox", { name: "Who did it" }).fill("gra");
  await page.getByRole("option", { name: "Grace" }).click();
  await log.getByText("of Old lock").waitFor({ state: "detached" });
  await log.getByText("of New weir").first().waitFor();
  await page.locator(":focus").getByText("By anybody").waitFor();
  await page.getByRole("button", { name: "By anybody" }).click();
  await page.getByRole("combobox", { name: "Room" }).fill("old l");
  await page.getByRole("option", { name: "Old lock" }).waitFor();
  await page.getByRole("combobox", { name: "Room" }).press("Enter");
  await page.getByText("Only of Old lock").waitFor();
  await log.getByText("of New weir").first().waitFor({ state: "detached" });
  await log.getByText("of Old lock").waitFor();
  await page.getByLabel("Show").selectOption({ label: "Banned from a room" });
  await page.getByText("Nothing is recorded here").waitFor();
  await page.getByRole("link", { name: "All rooms" }).click();
  assert.equal(await page.getByLabel("Show").inputValue(), "member_banned");
  // Chromium reports the 404 of rooms that other tests have deleted.
  assert.deepEqual(problems.filter((problem) => !/404/.test(problem)), []);
});

Deno.test("an admin lists only the public rooms that they belong to", async () => {
  await people.owner.createRoom("Theirs");
  await people.admin.createRoom("Mine");
  const { page } = await signIn(people.admin, "#/rooms");
  const lines = page.getByRole("list", { name: "Rooms" }).getByRole("listitem");
  await lines.filter({ hasText: "Theirs" }).waitFor();
  await page.getByLabel("Only those I belong to").check();
  await lines.filter({ hasText: "Theirs" }).waitFor({ state: "detached" });
  await lines.filter({ hasText: "Mine" }).waitFor();
  await page.getByRole("button", { name: "Archived" }).click();
  await page.getByText("You belong to no public room that is archived.").waitFor();
});

Deno.test("a room that could not be read says why, and is shown once it can be", async () => {
  const { id } = await people.owner.createRoom("Ferry");
  const { page } = await signIn(people.admin, "#/rooms");
  await page.route(`**/rooms/${id}`, (route) => route.abort());
  await page.getByRole("button", { name: "Manage Ferry" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("The server cannot be reached.").waitFor();
  await page.unroute(`**/rooms/${id}`);
  await dialog.getByRole("button", { name: "Archive" }).waitFor();
});

Deno.test("signing out leads back to the form, and signing in to the section", async () => {
  const { page, problems } = await signIn(people.owner, "#/audit");
  await page.getByRole("heading", { name: "Audit log" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await fillIn(page, people.owner);
  await page.getByRole("heading", { name: "Audit log" }).waitFor();
  assert.deepEqual(problems, []);
});

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test(`axe finds nothing serious on the moderator's page in ${colorScheme}, nor does it scroll sideways on a phone`, async () => {
    const room = await reported(`Pier in ${colorScheme}`, "W".repeat(300));
    const mute = `/rooms/${room.id}/mutes/${people.member.id}`;
    assert.equal((await people.owner.request("PUT", mute, {})).status, 204);
    const { page, problems } = await open("", { colorScheme });
    await page.waitForSelector("#login-form");
    await assertAccessible(page, "signed out");
    await fillIn(page, people.admin);
    await page.locator(".report").filter({ hasText: `Pier in ${colorScheme}` })
      .getByRole("button", { name: "Ban from server" }).waitFor();
    await assertAccessible(page, "reports");
    await page.goto(`${server.url}/admin#/reports/${room.id}`);
    await page.getByText(`Only of Pier in ${colorScheme}`).waitFor();
    await page.locator("[data-action=ban]").click();
    await page.getByRole("dialog").waitFor();
    await assertAccessible(page, "banning");
    await page.keyboard.press("Escape");
    for (const [section, selector] of Object.entries(SECTIONS)) {
      await page.evaluate(`location.hash = "#/${section}"`);
      await page.locator(selector).first().waitFor();
      await page.setViewportSize({ width: 1100, height: 720 });
      await assertAccessible(page, section);
      await page.setViewportSize({ width: 360, height: 740 });
      await assertAccessible(page, `${section} on a phone`);
      const wide = await page.evaluate(WIDE);
      assert.deepEqual(wide, [], `${section} scrolls sideways`);
    }
    // Chromium reports the 404 of a room that the log names and that is deleted.
    assert.deepEqual(problems.filter((problem) => !/404/.test(problem)), []);
  });
}

/** The elements that scroll sideways. */
const WIDE = `[...document.querySelectorAll("html, body, body *")].filter((element) => {
  const scrolls = element.localName === "html" || getComputedStyle(element).overflowX === "auto";
  return scrolls && element.scrollWidth > element.clientWidth;
}).map(({ className, localName }) => localName + "." + className)`;

/** What of each section is there once it is shown. */
const SECTIONS = {
  reports: ".report",
  audit: ".audit li",
  users: ".lines .line-actions",
  rooms: ".lines .line-actions",
  instances: ".lines .line-actions",
};

/** A room in which Mallory wrote something that its owner reported. */
async function reported(
  name: string,
  text: string,
  owner = people.owner,
  attachments: string[] = [],
) {
  const room = await owner.createRoom(name);
  // Only members send files.
  await people.member.request("PUT", `/rooms/${room.id}/members/me`);
  const messages = `/rooms/${room.id}/messages`;
  const { body } = await people.member.request("POST", messages, { text, attachments });
  const path = `${messages}/${body.message.id}`;
  const report = { reason: "spam", comment: "Look at this." };
  const answer = await owner.request("POST", `${path}/report`, report);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return { ...room, messagePath: path };
}

function open(hash: string, options: BrowserContextOptions = {}, path = "/admin"): Promise<Visit> {
  return visit(browser, `${server.url}${path}${hash}`, options);
}

async function signIn(account: Account, hash = "", path = "/admin"): Promise<Visit> {
  const visit = await open(hash, {}, path);
  await fillIn(visit.page, account);
  return visit;
}

async function fillIn(page: Page, { email, password }: Account): Promise<void> {
  await page.fill("#login-form [name=email]", email);
  await page.fill("#login-form [name=password]", password);
  await page.press("#login-form [name=password]", "Enter");
  await isOnline(page);
}
