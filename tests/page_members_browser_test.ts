/** Members, roles and moderation on the page: what one is offered, and what others see of it. */
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { createClient } from "../src/client/mod.ts";
import { addMember } from "../src/client/rest/mod.ts";
import {
  act,
  isSent,
  openRoom,
  type People,
  seesLast,
  shareBrowser,
  showActions,
  write,
} from "./harness/browser.ts";

const { withPeople } = shareBrowser();

Deno.test("what can be done with a message follows the capabilities", () =>
  withPeople(async (people) => {
    const { ada, bob } = people;
    await people.meet();
    await write(ada.page, "By the owner");
    await seesLast(bob.page, "By the owner");
    assert.deepEqual(await actionsOf(last(bob.page)), [
      ...["React", "Reply", "Thread", "Copy text", "Copy link", "Mark unread", "Report"],
    ]);
    await write(bob.page, "By a member");
    await isSent(bob.page, "By a member");
    await showActions(last(bob.page));
    // The first message makes him a member, who may edit and delete his own.
    await last(bob.page).getByRole("button", { name: "Edit", exact: true }).waitFor();
    assert.deepEqual(await actionsOf(last(bob.page)), [
      ...["React", "Reply", "Thread", "Edit", "Copy text", "Copy link", "Delete"],
    ]);
    await seesLast(ada.page, "By a member");
    assert.deepEqual(await actionsOf(last(ada.page)), [
      ...["React", "Reply", "Thread", "Pin", "Copy text", "Copy link", "Mark unread"],
      ...["Report", "Mute Bob", "Ban Bob", "Delete"],
    ]);
  }));

Deno.test("a message is reported with a reason and a comment", () =>
  withPeople(async (people) => {
    const { ada, bob } = people;
    await people.meet();
    await write(ada.page, "Buy this");
    await seesLast(bob.page, "Buy this");
    await act(last(bob.page), "Report");
    const dialog = bob.page.getByRole("dialog", { name: "Report a message" });
    await dialog.getByText("Buy this").waitFor();
    await dialog.getByLabel("What is wrong with it").selectOption("Spam");
    await dialog.getByLabel("What the moderators should know").fill("Every day");
    const sent = bob.page.waitForRequest(/\/report$/);
    await dialog.getByRole("button", { name: "Report" }).click();
    assert.deepEqual((await sent).postDataJSON(), { reason: "Spam", comment: "Every day" });
    await dialog.waitFor({ state: "detached" });
    await bob.page.getByText("The message is reported to the moderators.").waitFor();
  }));

Deno.test("an owner gives a role in the pane of members, and both see what it allows", () =>
  withPeople(async (people) => {
    const { ada, bob } = await meetMembers(people);
    for (const { page } of [ada, bob]) await showMembers(page);
    await line(bob.page, "Ada").getByText("owner").waitFor();
    assert.equal(
      await line(bob.page, "Ada").getByRole("button", { name: "Actions for Ada" }).count(),
      0,
    );
    await choose(line(ada.page, "Bob"), "Make moderator");
    await line(bob.page, "Bob").getByText("you · moderator").waitFor();
    await bob.page.getByRole("button", { name: "Banned" }).waitFor();
    // Who is above whom is the server's to say.
    await choose(line(bob.page, "Ada"), "Mute…");
    const dialog = bob.page.getByRole("dialog", { name: "Mute Ada" });
    await dialog.getByRole("button", { name: "Mute", exact: true }).click();
    await dialog.getByText("You may not do this in this room.").waitFor();
    await bob.page.keyboard.press("Escape");
    await choose(line(ada.page, "Bob"), "Make member");
    await bob.page.getByRole("button", { name: "Banned" }).waitFor({ state: "detached" });
  }));

Deno.test("a mute is shown with its end, listed with its reason, and lifted", () =>
  withPeople(async (people) => {
    const { ada, bob } = await meetMembers(people);
    for (const { page } of [ada, bob]) await showMembers(page);
    await choose(line(ada.page, "Bob"), "Mute…");
    const dialog = ada.page.getByRole("dialog", { name: "Mute Bob" });
    await dialog.getByLabel("For how long").selectOption("1 day");
    await dialog.getByLabel("Reason").fill("Too loud");
    await dialog.getByRole("button", { name: "Mute", exact: true }).click();
    await line(bob.page, "Bob").getByText(/^you · muted until /).waitFor();
    await ada.page.getByRole("button", { name: "Muted" }).click();
    await line(ada.page, "Bob").getByText(/^muted until .* · Too loud$/).waitFor();
    await ada.page.getByRole("button", { name: "Unmute Bob" }).click();
    await ada.page.getByText("Nobody is muted.").waitFor();
    await line(bob.page, "Bob").getByText("you", { exact: true }).waitFor();
  }));

Deno.test("members are found by name and role, and who is alone as an owner cannot leave", () =>
  withPeople(async (people) => {
    const { ada, server } = people;
    await people.enter();
    const roomId = await ada.page.evaluate<string>("location.hash.slice(2)");
    for (const name of ["Cem", "Dora", "Emil", "Fay", "Gus", "Hana", "Ivan"]) {
      const client = createClient(server.url);
      const email = `${crypto.randomUUID()}@example.com`;
      await client.register({ email, password: "correct horse", displayName: name });
      await addMember(client.api, roomId, "me");
      client.close();
    }
    await showMembers(ada.page);
    const find = ada.page.getByRole("searchbox", { name: "Find a member" });
    await find.fill("do");
    await line(ada.page, "Emil").waitFor({ state: "detached" });
    await line(ada.page, "Dora").waitFor();
    await find.fill("");
    await line(ada.page, "Emil").waitFor();
    await ada.page.getByLabel("Role").selectOption("Owners");
    await line(ada.page, "Emil").waitFor({ state: "detached" });
    await choose(line(ada.page, "Ada"), "Leave the room…");
    await ada.page.getByRole("button", { name: "Leave", exact: true }).click();
    await ada.page.getByText("make somebody else an owner first").waitFor();
    await ada.page.keyboard.press("Escape");
  }));

Deno.test("a moderator bans somebody, who sees that and gets nothing more, until the ban is lifted", () =>
  withPeople(async (people) => {
    const { ada, bob } = await meetMembers(people);
    await write(ada.page, "Before the ban");
    await seesLast(bob.page, "Before the ban");
    await act(ada.page.locator(".message").filter({ hasText: "I am here" }), "Ban Bob");
    const dialog = ada.page.getByRole("dialog", { name: "Ban Bob" });
    await dialog.getByLabel("Delete their messages").selectOption("Of the last hour");
    await dialog.getByLabel("For how long").selectOption("7 days");
    await dialog.getByLabel(/^Reason/).fill("Too many spoons");
    await dialog.getByRole("button", { name: "Ban", exact: true }).click();
    const end = bob.page.locator(".dead-end");
    await end.getByRole("heading", { name: /^You are banned from Room / }).waitFor();
    await end.getByText(/^You cannot read or write here until .+20\d\d/).waitFor();
    await end.getByText("Too many spoons").waitFor();
    await write(ada.page, "After the ban");
    await isSent(ada.page, "After the ban");
    await ada.page.locator(".message").getByText("Message deleted").waitFor();
    assert.equal(await bob.page.getByText("After the ban").count(), 0);
    const address = await bob.page.evaluate<string>("location.hash");
    await bob.page.getByRole("link", { name: "Go to the rooms" }).click();
    await bob.page.locator(".room").waitFor({ state: "detached" });
    await showMembers(ada.page);
    await ada.page.getByRole("button", { name: "Banned" }).click();
    await ada.page.getByRole("button", { name: "Unban Bob" }).click();
    await ada.page.getByText("Nobody is banned.").waitFor();
    await bob.page.evaluate(`location.hash = ${JSON.stringify(address)}`);
    await bob.page.locator(".message").getByText("After the ban").waitFor();
    // Chromium reports that the server refused.
    bob.problems.length = 0;
  }));

Deno.test("who is muted sees until when instead of the composer, and writes again once it is lifted", () =>
  withPeople(async (people) => {
    const { ada, bob } = await meetMembers(people);
    await showMembers(ada.page);
    await choose(line(ada.page, "Bob"), "Mute…");
    await ada.page.getByRole("button", { name: "Mute", exact: true }).click();
    await bob.page.getByText(/^You are muted in this room until /).waitFor();
    assert.equal(await bob.page.locator(".composer").count(), 0);
    await choose(line(ada.page, "Bob"), "Unmute");
    await write(bob.page, "Thanks");
    await isSent(bob.page, "Thanks");
  }));

Deno.test("settings are shown by what one may change, and everybody sees what they become", () =>
  withPeople(async (people) => {
    const { ada, bob } = await meetMembers(people);
    await bob.page.getByRole("button", { name: "More about this room" }).click();
    assert.equal(await bob.page.getByRole("menuitem", { name: "Room settings…" }).count(), 0);
    await bob.page.keyboard.press("Escape");
    const name = people.newName();
    await openSettings(ada.page);
    await ada.page.getByLabel("Name", { exact: true }).fill(name);
    await ada.page.getByLabel("Description").fill("All about tea");
    await ada.page.getByLabel("Slow mode").selectOption("Every 6 h");
    await ada.page.getByRole("button", { name: "Save" }).click();
    await bob.page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
    await bob.page.getByText("All about tea").waitFor();
    await bob.page.getByText("Slow mode: one message every 6 h.").waitFor();
    await write(bob.page, "The only one");
    await bob.page.getByText(/^Slow mode: you can send again in \d+ s\.$/).waitFor();
    assert.equal(await bob.page.getByRole("button", { name: "Send" }).isDisabled(), true);

    await openSettings(ada.page);
    await ada.page.getByLabel("Who writes").selectOption("Moderators and owners");
    await ada.page.getByRole("button", { name: "Save" }).click();
    await bob.page.getByText("Only moderators write in this room.").waitFor();
    await isClosed(ada.page);
    await write(ada.page, "From the owner");
    await seesLast(bob.page, "From the owner");

    await openSettings(ada.page);
    await ada.page.getByRole("button", { name: "Archive the room" }).click();
    for (const { page } of [ada, bob]) {
      await page.getByText("This room is archived: nobody writes in it.").waitFor();
    }
    await openSettings(ada.page);
    await ada.page.getByRole("button", { name: "Reopen the room" }).click();
    await isClosed(ada.page);
    await write(ada.page, "Open again");
    await seesLast(bob.page, "Open again");
  }));

Deno.test("a moderator's settings are slow mode alone", () =>
  withPeople(async (people) => {
    const { ada, bob } = await meetMembers(people);
    await showMembers(ada.page);
    await choose(line(ada.page, "Bob"), "Make moderator");
    await bob.page.getByText("made Bob a moderator").waitFor();
    await openSettings(bob.page);
    await bob.page.getByLabel("Slow mode").waitFor();
    for (const text of ["Name", "Archive the room", "Delete the room"]) {
      assert.equal(await bob.page.getByRole("dialog").getByText(text).count(), 0, text);
    }
    await bob.page.keyboard.press("Escape");
  }));

Deno.test("a room is deleted by typing its name, and is gone for those who have it open", () =>
  withPeople(async (people) => {
    const { ada, bob } = people;
    const name = await people.meet();
    await openSettings(ada.page);
    await ada.page.getByText("Delete the room").first().click();
    const confirmation = ada.page.getByLabel("The room's name, to be sure");
    await confirmation.fill("Something else");
    await confirmation.press("Enter");
    await ada.page.getByText("This is not the name of the room.").waitFor();
    await confirmation.fill(name);
    await confirmation.press("Enter");
    await ada.page.getByText(`${name} is deleted.`).waitFor();
    await bob.page.locator(".dead-end").waitFor();
    bob.problems.length = 0;
  }));

Deno.test("a menu is used by keyboard alone, and the focus is back on its button afterwards", () =>
  withPeople(async (people) => {
    const { ada: { page } } = await meetMembers(people);
    await showMembers(page);
    const button = page.getByRole("button", { name: "Actions for Bob" });
    const focused = (name: string) =>
      page.locator(":focus").and(page.getByRole("menuitem", { name }));
    await button.press("Enter");
    await focused("Make owner").waitFor();
    await page.keyboard.press("ArrowUp");
    await focused("Ban…").waitFor();
    await page.keyboard.press("Home");
    await page.keyboard.press("Escape");
    await page.getByRole("menu").waitFor({ state: "detached" });
    await page.locator(".pane").waitFor();
    await button.press("Enter");
    for (const key of ["ArrowDown", "ArrowDown"]) await page.keyboard.press(key);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Mute Bob" }).waitFor();
    await page.locator("#mute-form [name=reason]").press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.locator(":focus").and(button).waitFor();
    assert.equal(await page.locator(".pane").count(), 1);
  }));

Deno.test("who only reads a public room joins it by its menu, without a word", () =>
  withPeople(async (people) => {
    const { page } = people.bob;
    const name = await people.meet();
    const more = page.getByRole("button", { name: "More about this room" });
    await more.click();
    assert.deepEqual(await page.getByRole("menuitem").allTextContents(), ["Join the room"]);
    await page.getByRole("menuitem", { name: "Join the room" }).click();
    await page.locator("#own-rooms").getByText(name).waitFor();
    await more.click();
    await page.getByRole("menuitem", { name: "Leave the room…" }).waitFor();
    await page.keyboard.press("Escape");
    assert.equal(await page.locator(".message").count(), 1);
  }));

Deno.test("a menu that only narrow screens need has no button on wide ones", () =>
  withPeople(async (people) => {
    const { ada, bob } = people;
    await people.meet();
    const more = bob.page.getByRole("button", { name: "More about this room" });
    await more.waitFor();
    await openSettings(ada.page);
    await ada.page.getByRole("button", { name: "Archive the room" }).click();
    await more.waitFor({ state: "hidden" });
    await bob.page.setViewportSize({ width: 390, height: 780 });
    await more.click();
    await bob.page.getByRole("menuitem", { name: "Pins" }).waitFor();
    await bob.page.keyboard.press("Escape");
  }));

Deno.test("who leaves a public room may come back, and who is removed from a private one sees that", () =>
  withPeople(async (people) => {
    const { ada, bob } = await meetMembers(people);
    await bob.page.getByRole("button", { name: "More about this room" }).click();
    await bob.page.getByRole("menuitem", { name: "Leave the room…" }).click();
    await bob.page.getByRole("button", { name: "Leave", exact: true }).click();
    await bob.page.locator(".room").waitFor({ state: "detached" });
    await write(ada.page, "Come back");

    const name = people.newName();
    await ada.page.click("#new-room");
    await ada.page.fill("#new-room-form [name=name]", name);
    await ada.page.getByLabel("Only those who are added").check();
    await ada.page.getByRole("combobox", { name: "Add people" }).fill("Bob");
    await ada.page.getByRole("option", { name: "Bob" }).click();
    await ada.page.locator(".chips").getByText("Bob", { exact: true }).waitFor();
    await ada.page.press("#new-room-form [name=name]", "Enter");
    await openRoom(bob.page, name);
    await showMembers(ada.page);
    await choose(line(ada.page, "Bob"), "Remove…");
    await ada.page.getByText("They can come back only if they are invited.").waitFor();
    await ada.page.getByRole("button", { name: "Remove", exact: true }).click();
    await bob.page.getByRole("heading", { name: `You cannot read ${name} any more` }).waitFor();
    await bob.page.locator(".rooms").getByText(name, { exact: true }).waitFor({
      state: "detached",
    });
    bob.problems.length = 0;
  }));

Deno.test("what one is notified of is chosen in a room's menu, and is the same after a reload", () =>
  withPeople(async (people) => {
    const { bob: { page, problems } } = await meetMembers(people);
    const openMenu = () => page.getByRole("button", { name: "More about this room" }).click();
    await openMenu();
    await page.locator("[role=menuitemradio][aria-checked=true]").getByText("every message")
      .waitFor();
    await page.getByRole("menuitemradio", { name: "Notify me of nothing" }).click();
    await openMenu();
    await page.locator("[role=menuitemradio][aria-checked=true]").getByText("of nothing").waitFor();
    await page.keyboard.press("Escape");
    await page.reload();
    await page.locator(".room[data-state=live]").waitFor();
    await openMenu();
    await page.locator("[role=menuitemradio][aria-checked=true]").getByText("of nothing").waitFor();
    await page.keyboard.press("Escape");
    assert.deepEqual(problems, []);
  }));

Deno.test("a room that one hides is in the list again with the next message", () =>
  withPeople(async (people) => {
    const { ada, bob } = await meetMembers(people);
    const name = await bob.page.getByRole("heading", { level: 1 }).textContent();
    const link = bob.page.locator(".rooms").getByText(name!.trim(), { exact: true });
    await bob.page.getByRole("button", { name: "More about this room" }).click();
    await bob.page.getByRole("menuitem", { name: "Hide until there is something new" }).click();
    await link.waitFor({ state: "detached" });
    await write(ada.page, "Something new");
    await link.waitFor();
  }));

async function openSettings(page: Page): Promise<void> {
  await page.getByRole("button", { name: "More about this room" }).click();
  await page.getByRole("menuitem", { name: "Room settings…" }).click();
}

/** Resolves once no dialog is open: others may see what it has done before, and keys go to it. */
async function isClosed(page: Page): Promise<void> {
  await page.getByRole("dialog").waitFor({ state: "detached" });
}

/** Both in a room of Ada's; with his first message Bob is a member. */
async function meetMembers(people: People): Promise<People> {
  await people.meet();
  await write(people.bob.page, "I am here");
  await seesLast(people.ada.page, "I am here");
  return people;
}

async function showMembers(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Members", exact: true }).click();
  await page.locator(".members li").first().waitFor();
}

/** The line of a member in the pane. */
function line(page: Page, name: string): Locator {
  return page.locator(".members li").filter({ has: page.getByText(name, { exact: true }) });
}

/** Chooses an action on a member. */
async function choose(member: Locator, action: string): Promise<void> {
  await member.getByRole("button", { name: /^Actions for / }).click();
  await member.getByRole("menuitem", { name: action, exact: true }).click();
}

function last(page: Page): Locator {
  return page.locator(".message").last();
}

async function actionsOf(message: Locator): Promise<string[]> {
  await showActions(message);
  return await message.getByRole("toolbar").getByRole("button").allTextContents();
}
