/** Makes the pictures in this folder from a real server and a real Chromium. */
import {
  act,
  isSent,
  launchBrowser,
  makeRoom,
  openRoom,
  seesLast,
  signUp,
  visit,
  write,
} from "../../tests/harness/browser.ts";
import { startServer } from "../../tests/harness/server.ts";
import { findChromium } from "../../tests/servers/chromium.ts";

const { env } = await findChromium();
const server = await startServer();
const browser = await launchBrowser(env.TEST_CHROMIUM);

const ada = await visit(browser, server.url);
const bob = await visit(browser, server.url, { colorScheme: "dark" });
await signUp(ada.page, "Ada");
await signUp(bob.page, "Bob");
for (const name of ["Harbour", "Kitchen", "Engine room"]) await makeRoom(ada.page, name);
await openRoom(bob.page, "Kitchen");
for (const text of ["Soup is on.", "It is _pea_."]) {
  await write(bob.page, text);
  await isSent(bob.page, text.replaceAll("_", ""));
}
await openRoom(bob.page, "Engine room");
const conversation = [
  [ada, "Is the new server up?"],
  [bob, "Since this morning. I pulled the plug **twice** to see what happens:"],
  [bob, "```\nsent 1000 · acked 1000\nlost 0 · repeated 0\n```"],
  [ada, "Nothing lost, and nothing twice?"],
  [bob, "Nothing. It is all in https://example.com/report."],
  [ada, "Then let us tell the others."],
] as const;
for (const [{ page }, text] of conversation) {
  await write(page, text);
  const shown = text.replaceAll("**", "").replaceAll("```", "").trim();
  for (const { page } of [ada, bob]) await seesLast(page, shown);
}
for (const { page } of [ada, bob]) {
  const message = page.locator(".message", { has: page.locator("pre") });
  await message.hover();
  await message.getByRole("button", { name: "React" }).click();
  await page.locator(".picker .emoji").nth(3).click();
}
for (const { page } of [ada, bob]) {
  await page.locator(".reactions").getByRole("button", { name: ", 2" }).waitFor();
  await page.mouse.move(0, 0);
}
// Who writes becomes a member.
await bob.page.locator("#own-rooms").getByText("Engine room").waitFor();
await bob.page.locator(".composer [name=text]").fill("");
await bob.page.locator(".composer [name=text]").pressSequentially("On my");
await ada.page.locator(".typing").getByText("Bob is typing").waitFor();
await ada.page.screenshot({ path: picture("chat.png") });
await bob.page.screenshot({ path: picture("chat-dark.png") });
await makeBanPictures();
await ada.page.setViewportSize({ width: 390, height: 780 });
await ada.page.locator(".composer [name=text]").focus();
await ada.page.screenshot({ path: picture("phone.png") });

await ada.page.setViewportSize({ width: 1100, height: 720 });
for (const { page } of [ada, bob]) await openRoom(page, "Harbour");
await report("Cheap boats at https://example.com/boats", "Spam");
await report("You are all terrible sailors.", "Harassment");
// Whoever has registered first is an admin.
await ada.page.goto(`${server.url}/admin`);
await ada.page.locator("[data-action=ban]").nth(1).waitFor();
await ada.page.screenshot({ path: picture("admin.png") });
await ada.page.emulateMedia({ colorScheme: "dark" });
await ada.page.screenshot({ path: picture("admin-dark.png") });
await ada.page.emulateMedia({ colorScheme: "light" });
await ada.page.setViewportSize({ width: 390, height: 780 });
await ada.page.screenshot({ path: picture("admin-phone.png") });

const { page } = await visit(browser, `${server.url}/try`);
await page.getByRole("button", { name: "Open both" }).click();
const [left, right] = ["Ada", "Bob"].map((name) => page.locator(`.person[aria-label=${name}]`));
for (const person of [left!, right!]) await person.locator(".room[data-state=live]").waitFor();
await say(left!, "Can you hear me?");
await say(right!, "Loud and clear.");
await left!.getByRole("button", { name: "Go offline" }).click();
await left!.locator(".connection[data-state=waiting]").waitFor();
await say(left!, "I write this without a network.");
await say(right!, "Ada?");
await right!.locator(".message[data-state=sent]").getByText("Ada?").waitFor();
await page.screenshot({ path: picture("try.png") });

await browser.close();
await server.stop();

/** A ban as the moderator sees it, and as the banned does. */
async function makeBanPictures(): Promise<void> {
  await openRoom(ada.page, "Kitchen");
  await openRoom(bob.page, "Kitchen");
  const message = ada.page.locator(".message").filter({ hasText: "Soup is on." });
  await act(message, "Ban Bob");
  const dialog = ada.page.getByRole("dialog", { name: "Ban Bob" });
  await dialog.getByLabel("Reason").fill("Salted the soup");
  await dialog.getByRole("button", { name: "Ban", exact: true }).click();
  await bob.page.getByRole("heading", { name: "You are banned from Kitchen" }).waitFor();
  await ada.page.getByRole("button", { name: "Members", exact: true }).click();
  await ada.page.getByRole("button", { name: "Banned" }).click();
  await ada.page.locator(".members").getByText("Salted the soup").waitFor();
  await ada.page.screenshot({ path: picture("ban.png") });
  await bob.page.screenshot({ path: picture("banned.png") });
  await ada.page.getByRole("button", { name: "Unban Bob" }).click();
  await ada.page.getByText("Nobody is banned.").waitFor();
  await openRoom(ada.page, "Engine room");
  await openRoom(bob.page, "Engine room");
}

async function say(person: typeof left & object, text: string): Promise<void> {
  await person.locator("[name=text]").fill(text);
  await person.locator("[name=text]").press("Enter");
  await person.locator(".message .text").getByText(text, { exact: true }).waitFor();
}

/** Ada reports what Bob writes. */
async function report(text: string, reason: string): Promise<void> {
  await write(bob.page, text);
  await seesLast(ada.page, text);
  await act(ada.page.locator(".message").last(), "Report");
  const dialog = ada.page.getByRole("dialog", { name: "Report a message" });
  await dialog.getByRole("combobox").selectOption(reason);
  await dialog.getByRole("button", { name: "Report" }).click();
  await dialog.waitFor({ state: "detached" });
}

function picture(name: string): string {
  return `${import.meta.dirname}/${name}`;
}
