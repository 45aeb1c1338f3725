/** Private rooms, invitations, direct messages, mentions and blocks on the page at `/`. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { assertAccessible } from "./harness/accessibility.ts";
import { Account } from "./harness/account.ts";
import {
  hasTitle,
  isSent,
  seesLast,
  shareBrowser,
  signUp,
  visit,
  write,
} from "./harness/browser.ts";

const { withBrowser, withPeople } = shareBrowser();

Deno.test("a private room has those who were added, and does not exist for others", () =>
  withPeople(async (people) => {
    const { ada, bob } = people;
    const name = people.newName();
    await createPrivateRoom(ada.page, name, "Bob");
    await ada.page.locator("#own-rooms .private").getByText(name, { exact: true }).waitFor();
    const { hash } = new URL(ada.page.url());
    await bob.page.evaluate(`void (location.hash = ${JSON.stringify(hash)})`);
    await isIn(bob.page, name);
    await write(bob.page, "Between us");
    await seesLast(ada.page, "Between us");
    assert.deepEqual([...ada.problems, ...bob.problems], []);

    const other = people.newName();
    await createPrivateRoom(ada.page, other);
    const hidden = new URL(ada.page.url()).hash;
    await bob.page.evaluate(`void (location.hash = ${JSON.stringify(hidden)})`);
    await bob.page.getByText("There is no such room").waitFor();
    await bob.page.keyboard.press("Control+k");
    await roomSearch(bob.page).fill(other);
    await bob.page.getByText("No room and nobody has such a name.").waitFor();
    await bob.page.keyboard.press("Escape");
    assert.deepEqual(ada.problems, []);
  }));

Deno.test("a member of a private room who is not there is mentioned by completion", () =>
  withPeople(async (people) => {
    const { ada, bob } = people;
    const name = people.newName();
    await createPrivateRoom(ada.page, name, "Bob");
    const composer = ada.page.locator(".composer [name=text]");
    await composer.pressSequentially("Look, @bo");
    await ada.page.getByRole("option", { name: "Bob" }).waitFor();
    await composer.press("Enter");
    assert.equal(await composer.inputValue(), "Look, @Bob ");
    await composer.press("Enter");
    await ada.page.locator(".message .mention").getByText("@Bob").waitFor();
    await bob.page.getByRole("link", {
      name: `Private room: ${name} 1 unread, 1 for you`,
      exact: true,
    }).waitFor();

    // A draft that mentions somebody is found again without its list of people.
    await composer.fill("Again, @Bob");
    await ada.page.evaluate("void (location.hash = '#/')");
    await ada.page.locator(".room").waitFor({ state: "detached" });
    const members = ada.page.waitForResponse(/\/members\?/);
    await ada.page.getByRole("link", { name: `Private room: ${name}` }).click();
    await isIn(ada.page, name);
    await members;
    await composer.press("Enter");
    await ada.page.locator(".message .mention").nth(1).waitFor();
    await bob.page.getByRole("link", {
      name: `Private room: ${name} 2 unread, 2 for you`,
      exact: true,
    }).click();
    await bob.page.getByRole("button", { name: "Mentions", exact: true }).waitFor();
  }));

Deno.test("whoever opens an invitation signs up, sees the room's name, and is in with one click", () =>
  withBrowser(async (browser, server) => {
    const ada = await visit(browser, server.url);
    await signUp(ada.page, "Ada");
    await createPrivateRoom(ada.page, "Plans");
    const link = await invite(ada.page, { uses: "1" });
    await ada.page.keyboard.press("Escape");

    const eve = await visit(browser, link);
    await eve.page.getByText("You are invited to a room").waitFor();
    await signUp(eve.page, "Eve");
    await eve.page.getByRole("heading", { name: "You are invited to Plans" }).waitFor();
    await eve.page.getByText("A private room with 1 member").waitFor();
    await eve.page.getByRole("button", { name: "Join" }).click();
    await isIn(eve.page, "Plans");
    await write(eve.page, "Here I am");
    await seesLast(ada.page, "Here I am");

    await ada.page.getByRole("button", { name: "Invite", exact: true }).click();
    await ada.page.getByText("1 of 1 use").waitFor();
    const bob = await visit(browser, server.url);
    await signUp(bob.page, "Bob");
    await bob.page.goto(link);
    await bob.page.getByText("This invitation does not work").waitFor();
    await bob.page.getByRole("link", { name: "Go to the rooms" }).click();
    await bob.page.locator("#no-room").waitFor();
    assert.deepEqual([...ada.problems, ...eve.problems].filter(isUnexpected), []);
  }));

Deno.test("a revoked invitation ends, and people who have an account are added by their name", () =>
  withPeople(async (people) => {
    const { ada, bob } = people;
    const name = people.newName();
    await createPrivateRoom(ada.page, name);
    const link = await invite(ada.page, {});
    await ada.page.getByRole("button", { name: "Revoke" }).click();
    await ada.page.locator(".invitations").waitFor({ state: "detached" });
    const { hash } = new URL(link);
    await bob.page.evaluate(`void (location.hash = ${JSON.stringify(hash)})`);
    await bob.page.getByText("This invitation does not work").waitFor();
    await pickPerson(ada.page, "Name of a person", "Bob");
    await ada.page.locator("#add-people > button").click();
    await ada.page.getByText("Added: Bob.").waitFor();
    await ada.page.keyboard.press("Escape");
    const room = new URL(ada.page.url()).hash;
    await bob.page.evaluate(`void (location.hash = ${JSON.stringify(room)})`);
    await isIn(bob.page, name);
    assert.deepEqual(ada.problems, []);
  }));

Deno.test("a direct message to somebody who was searched appears in their list at once", () =>
  withBrowser(async (browser, server) => {
    const [ada, bob] = [await visit(browser, server.url), await visit(browser, server.url)];
    await signUp(ada.page, "Ada");
    await signUp(bob.page, "Bob Builder");
    await ada.page.click("#new-message");
    await pickPerson(ada.page, "Name of a person", "Build");
    await isIn(ada.page, "Bob Builder");
    await write(ada.page, "Just for you");
    const inList = bob.page.getByRole("link", { name: "Ada 1 unread" });
    await inList.waitFor();
    await inList.click();
    await isIn(bob.page, "Ada");
    await seesLast(bob.page, "Just for you");
    await hasTitle(bob.page, "Ada –");
    await ada.page.evaluate("void (location.hash = '#/')");
    await ada.page.keyboard.press("Control+k");
    await roomSearch(ada.page).fill("bob");
    await ada.page.getByRole("option", { name: "Bob Builder" }).waitFor();
    await ada.page.keyboard.press("Enter");
    await isIn(ada.page, "Bob Builder");
    assert.equal(await ada.page.locator("#direct-rooms li").count(), 1);
    assert.deepEqual([...ada.problems, ...bob.problems], []);
  }));

Deno.test("the newest own message that the other has read says so, and no line moves for it", () =>
  withPeople(async ({ ada, bob }) => {
    await writeTo(ada.page, "Bob");
    await writeTo(bob.page, "Ada");
    await write(ada.page, "Are you there?");
    await saysSeen(ada.page, "Are you there?");
    await bob.page.evaluate("void (location.hash = '#/')");
    await bob.page.locator(".room").waitFor({ state: "detached" });
    await write(ada.page, "Still there?");
    await isSent(ada.page, "Still there?");
    const places = await placesOfMessages(ada.page);
    await writeTo(bob.page, "Ada");
    await saysSeen(ada.page, "Still there?");
    assert.equal(await ada.page.locator(".seen").count(), 1);
    assert.deepEqual(await placesOfMessages(ada.page), places);
    // It is known again in a room that is opened again.
    await ada.page.evaluate("void (location.hash = '#/')");
    await ada.page.locator(".room").waitFor({ state: "detached" });
    await writeTo(ada.page, "Bob");
    await saysSeen(ada.page, "Still there?");
    assert.deepEqual([...ada.problems, ...bob.problems], []);
  }));

Deno.test("in a private room an own message says how many have read it, and names them", () =>
  withPeople(async (people) => {
    const { ada, bob, server } = people;
    const cem = await Account.register(server.url, "Cem");
    await createPrivateRoom(ada.page, people.newName(), "Bob", "Cem");
    const { hash } = new URL(ada.page.url());
    await bob.page.evaluate(`void (location.hash = ${JSON.stringify(hash)})`);
    await write(ada.page, "Who has read this?");
    await ada.page.getByRole("button", { name: "Seen by 1: Bob", exact: true }).waitFor();
    // Who is not there, and has not written, has a name as well.
    await cem.request("PUT", `/rooms${hash.slice(1)}/read`, { seq: 100 });
    const seen = ada.page.getByRole("button", { name: "Seen by 2: Bob, Cem", exact: true });
    const names = ada.page.locator(".seen .names");
    await seen.waitFor();
    assert.equal(await names.isVisible(), false);
    await seen.focus();
    assert.equal(await names.isVisible(), true);
    await assertAccessible(ada.page, "who has read a message");
    assert.deepEqual([...ada.problems, ...bob.problems], []);
  }));

Deno.test("a direct room that is hidden is back in the list with its next message", () =>
  withPeople(async (people) => {
    const { ada, bob } = people;
    await writeTo(ada.page, "Bob");
    await write(ada.page, "One");
    const inList = bob.page.locator("#direct-rooms").getByText("Ada", { exact: true });
    await inList.waitFor();
    await bob.page.locator("#direct-rooms li").hover();
    await bob.page.getByRole("button", { name: "Hide Ada" }).click();
    await inList.waitFor({ state: "detached" });
    await write(ada.page, "Two");
    await inList.click();
    await seesLast(bob.page, "Two");
    assert.deepEqual([...ada.problems, ...bob.problems], []);
  }));

Deno.test("the inbox counts new mentions, shows them, and leads to each message", () =>
  withPeople(async (people) => {
    const { ada, bob } = people;
    const name = await people.meet();
    await write(bob.page, "Hello");
    await isSent(bob.page, "Hello");
    await bob.page.evaluate("void (location.hash = '#/')");
    await write(ada.page, "@Bob come back");
    const button = bob.page.getByRole("button", { name: "Mentions, 1 new" });
    await button.click();
    const mention = bob.page.locator(".message-links li").filter({ hasText: "come back" });
    await mention.getByText(`mentioned you in ${name}`).waitFor();
    await mention.getByText("new", { exact: true }).waitFor();
    await bob.page.keyboard.press("Escape");
    await bob.page.getByRole("button", { name: "Mentions", exact: true }).click();
    await mention.getByRole("link").click();
    await isIn(bob.page, name);
    await bob.page.locator(".message.target").getByText("come back").waitFor();
    assert.deepEqual([...ada.problems, ...bob.problems], []);
  }));

Deno.test("who is blocked cannot write directly, until the profile's list ends it", () =>
  withPeople(async (people) => {
    const { ada, bob } = people;
    await writeTo(ada.page, "Bob");
    await write(ada.page, "Before");
    await isSent(ada.page, "Before");
    await writeTo(bob.page, "Ada");
    await bob.page.locator(".message:not(.system) .person-name").first().click();
    await bob.page.getByRole("button", { name: "Block Ada" }).click();
    await bob.page.getByText("Blocked:").waitFor();
    await bob.page.keyboard.press("Escape");
    await write(ada.page, "While blocked");
    await ada.page.locator(".message[data-state=failed]").getByText(/^Not sent: /).waitFor();
    await bob.page.click("#me");
    await bob.page.getByRole("button", { name: "Unblock Ada" }).click();
    await bob.page.getByRole("heading", { name: "Blocked" }).waitFor({ state: "detached" });
    await bob.page.keyboard.press("Escape");
    await ada.page.getByRole("button", { name: "Try again" }).click();
    await seesLast(bob.page, "While blocked");
    assert.deepEqual([...ada.problems, ...bob.problems], []);
  }));

/** Makes a private room with these people and resolves once it is shown. */
async function createPrivateRoom(page: Page, name: string, ...people: string[]): Promise<void> {
  await page.click("#new-room");
  await page.fill("#new-room-form [name=name]", name);
  await page.getByLabel("Only those who are added").check();
  for (const person of people) {
    await pickPerson(page, "Add people", person);
    await page.locator(".chips").getByText(person, { exact: true }).waitFor();
  }
  await page.press("#new-room-form [name=name]", "Enter");
  await isIn(page, name);
}

/** Makes an invitation to the open room in its dialog, which stays open; returns its link. */
async function invite(page: Page, { uses }: { uses?: string }): Promise<string> {
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  const form = page.locator("#new-invitation");
  await form.getByLabel("Uses").selectOption(uses ?? "");
  await form.getByRole("button", { name: "Create a link" }).click();
  const link = page.getByLabel("Invitation", { exact: true });
  await link.waitFor();
  return await link.inputValue();
}

/** Finds somebody by typing into an input that searches people, and chooses them. */
async function pickPerson(page: Page, label: string, name: string): Promise<void> {
  await page.getByRole("combobox", { name: label }).fill(name);
  await page.getByRole("option", { name }).click();
}

/** Opens the direct room with somebody. */
async function writeTo(page: Page, name: string): Promise<void> {
  await page.click("#new-message");
  await pickPerson(page, "Name of a person", name);
  await isIn(page, name);
}

/** Resolves once a message of the open room says that it was seen. */
async function saysSeen(page: Page, text: string): Promise<void> {
  const message = page.locator(".message", { has: page.getByText(text, { exact: true }) });
  await message.locator(".seen").getByText("Seen", { exact: true }).waitFor();
}

/** Where each message of the open room is on the screen. */
async function placesOfMessages(page: Page): Promise<unknown> {
  return await page.evaluate(`[...document.querySelectorAll(".message")].map((message) => {
    return message.getBoundingClientRect().toJSON();
  })`);
}

async function isIn(page: Page, name: string): Promise<void> {
  await page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
  await page.locator(".room[data-state=live]").waitFor();
}

function roomSearch(page: Page) {
  return page.getByRole("combobox", { name: "Name of a room" });
}

/** Chromium reports answers like the 404 of an invitation that does not work. */
function isUnexpected(problem: string): boolean {
  return !/404/.test(problem);
}
