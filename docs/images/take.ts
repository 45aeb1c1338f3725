/** Makes the pictures in this folder from a real server and a real Chromium. */
import { launchBrowser, seesLast, signUp, visit, write } from "../../tests/harness/browser.ts";
import { startServer } from "../../tests/harness/server.ts";
import { findChromium } from "../../tests/servers/chromium.ts";

const { env } = await findChromium();
const server = await startServer();
const browser = await launchBrowser(env.TEST_CHROMIUM);
const ada = await visit(browser, server.url);
const bob = await visit(browser, server.url, { colorScheme: "dark" });
await signUp(ada.page, "Ada");
await signUp(bob.page, "Bob");
await ada.page.fill("#new-room-form [name=name]", "Engine room");
await ada.page.press("#new-room-form [name=name]", "Enter");
await bob.page.click("#reload-rooms");
await bob.page.locator("#rooms").getByText("Engine room").click();
const conversation = [
  [ada, "Is the new server up?"],
  [bob, "Since this morning. I pulled the plug twice to see what happens."],
  [ada, "And?"],
  [bob, "Nothing was lost, and nothing came twice."],
  [ada, "Then let us tell the others."],
] as const;
for (const [{ page }, text] of conversation) {
  await write(page, text);
  for (const { page } of [ada, bob]) await seesLast(page, text);
}
await bob.page.locator("#send-form [name=text]").pressSequentially("On my");
await ada.page.locator("#typing").getByText("Bob is typing").waitFor();
await ada.page.screenshot({ path: picture("chat.png") });
await bob.page.screenshot({ path: picture("chat-dark.png") });
await browser.close();
await server.stop();

function picture(name: string): string {
  return `${import.meta.dirname}/${name}`;
}
