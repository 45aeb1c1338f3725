/** Files on the page: pasted, dropped and chosen, seen by others, and gone with their message. */
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { assertAccessible } from "./harness/accessibility.ts";
import {
  act,
  isSent,
  makeRoom,
  openRoom,
  type People,
  seesLast,
  shareBrowser,
  signUp,
  visit,
  write,
} from "./harness/browser.ts";
import { HANG_MS } from "./harness/deadline.ts";

const { withBrowser, withPeople } = shareBrowser();
const COMPOSER = ".composer [name=text]";

Deno.test("a picture that is pasted is seen by others, and gone with its message", () =>
  withPeople(async (people) => {
    const { ada, bob } = await meet(people);
    await paste(ada.page, "tea.png", "green");
    await chosen(ada.page, "tea.png");
    await write(ada.page, "Look at this");
    await isSent(ada.page, "Look at this");
    await seesLast(bob.page, "Look at this");
    const picture = last(bob.page).getByRole("img", { name: "tea.png" });
    const address = await loaded(picture);
    assert.equal((await bob.page.request.get(address)).status(), 200);
    await loaded(last(ada.page).getByRole("img", { name: "tea.png" }));
    await picture.click();
    await bob.page.getByRole("dialog", { name: "Pictures" }).waitFor();

    await act(last(ada.page), "Delete");
    // A deletion can be undone for some seconds; it is done at once when the room is left.
    await ada.page.evaluate("void (location.hash = '#/')");
    await last(bob.page).getByText("Message deleted").waitFor();
    assert.equal(await bob.page.locator(".picture").count(), 0);
    await bob.page.getByRole("dialog", { name: "Pictures" }).waitFor({ state: "detached" });
    assert.equal((await bob.page.request.get(address)).status(), 404);
  }));

Deno.test("several pictures are looked at one after the other, by keyboard alone", () =>
  withPeople(async (people) => {
    const { page } = (await meet(people)).ada;
    for (const name of ["one.png", "two.png", "three.png"]) {
      await paste(page, name, "teal");
      await chosen(page, name);
    }
    await page.getByRole("button", { name: "Remove three.png" }).click();
    await page.locator(`${COMPOSER}:focus`).waitFor();
    await page.keyboard.press("Enter");
    await last(page).getByRole("button", { name: "one.png" }).focus();
    assert.equal(await last(page).locator(".picture").count(), 2);
    // They stay beside a text that is edited.
    await act(last(page), "Edit");
    await page.locator("[name=edited]").waitFor();
    assert.equal(await last(page).locator(".picture").count(), 2);
    await page.keyboard.press("Escape");
    await last(page).getByRole("button", { name: "one.png" }).focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Pictures" });
    await loaded(dialog.getByRole("img", { name: "one.png" }));
    await page.keyboard.press("ArrowRight");
    await loaded(dialog.getByRole("img", { name: "two.png" }));
    await dialog.getByText("2 of 2").waitFor();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowLeft");
    await dialog.getByText("1 of 2").waitFor();
    const download = page.waitForEvent("download");
    await dialog.getByRole("button", { name: "Download" }).click();
    assert.equal((await download).suggestedFilename(), "one.png");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.locator(".picture:focus").waitFor();
  }));

Deno.test("three pictures and more are tiles side by side", () =>
  withPeople(async (people) => {
    const { page } = (await meet(people)).ada;
    for (const name of ["one.png", "two.png", "three.png"]) {
      await paste(page, name, "teal");
      await chosen(page, name);
    }
    await page.press(COMPOSER, "Enter");
    const pictures = last(page).locator(".picture");
    await pictures.nth(2).waitFor();
    for (const width of [1100, 390]) {
      await page.setViewportSize({ width, height: 720 });
      const boxes = await Promise.all((await pictures.all()).map((each) => each.boundingBox()));
      const [first, ...others] = boxes.map((box) => box!);
      assert.equal(Math.round(first!.width), Math.round(first!.height));
      for (const { y } of others) assert.equal(y, first!.y, `at ${width}`);
    }
  }));

Deno.test("a file that is dropped on the room is a row with its size, and is saved under its name", () =>
  withPeople(async (people) => {
    const { ada, bob } = await meet(people);
    await ada.page.evaluate(`{
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(["Cups".repeat(500)], "the list.txt", { type: "text/plain" }));
      for (const type of ["dragover", "drop"]) {
        document.querySelector(".messages").dispatchEvent(
          new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
      }
    }`);
    await chosen(ada.page, "the list.txt");
    await ada.page.press(COMPOSER, "Enter");
    const row = last(bob.page).locator(".file");
    await row.getByText("the list.txt").waitFor();
    await row.getByText("2 kB").waitFor();
    const download = bob.page.waitForEvent("download");
    await row.getByRole("button", { name: "Download the list.txt" }).click();
    const saved = await download;
    assert.equal(saved.suggestedFilename(), "the list.txt");
    assert.equal(await Deno.readTextFile(await saved.path()), "Cups".repeat(500));
  }));

Deno.test("a message is shown with its files on their way, and goes out after a reload, too", () =>
  withPeople(async (people) => {
    const { ada, bob } = await meet(people);
    const { page } = ada;
    const letGo = await holdUploads(page);
    await choose(page, "slow.txt");
    await write(page, "It takes its time");
    await last(page).getByRole("progressbar", { name: "Uploading slow.txt" }).waitFor();
    assert.equal(await page.inputValue(COMPOSER), "");
    assert.equal(await page.locator(".composer .tray").count(), 0);
    await write(page, "Without files");
    await seesLast(bob.page, "Without files");
    await page.reload();
    await last(page).getByRole("progressbar", { name: "Uploading slow.txt" }).waitFor();
    await letGo();
    await seesLast(bob.page, "It takes its time");
    await last(bob.page).locator(".file").getByText("slow.txt").waitFor();
    await last(page).locator(".file").getByText("slow.txt").waitFor();
  }));

Deno.test("a picture that was not loaded is, once the network is back", () =>
  withPeople(async (people) => {
    const { ada, bob } = await meet(people);
    await bob.page.route(/\/files\/.*tea\.png/, (route) => route.abort());
    await paste(ada.page, "tea.png", "green");
    await chosen(ada.page, "tea.png");
    await ada.page.press(COMPOSER, "Enter");
    await last(bob.page).getByText("tea.png cannot be shown.").waitFor();
    await bob.page.unroute(/\/files\/.*tea\.png/);
    await bob.page.evaluate(`dispatchEvent(new Event("online"))`);
    await loaded(last(bob.page).getByRole("img", { name: "tea.png" }));
  }));

Deno.test("an upload can be cancelled, and one that is refused says why", () =>
  withPeople(async (people) => {
    const { page, problems } = (await meet(people)).ada;
    const letGo = await holdUploads(page);
    await choose(page, "slow.txt");
    await write(page, "Never mind");
    const ended = page.waitForEvent("requestfailed");
    await last(page).getByRole("button", { name: "Cancel" }).click();
    assert.match((await ended).url(), /\/files\?name=slow\.txt$/);
    await page.locator(".message").getByText("Never mind").waitFor({ state: "detached" });
    assert.equal(await page.locator(COMPOSER).inputValue(), "Never mind");
    await page.locator(`${COMPOSER}:focus`).waitFor();
    await letGo();
    await choose(page, "tool.exe", "MZ\0\x01\x02\x03", "application/octet-stream");
    await write(page, "A program");
    await last(page).getByText(/^Not sent: /).waitFor();
    await last(page).getByRole("button", { name: "Discard" }).click();
    await page.locator(".message").getByText("A program").waitFor({ state: "detached" });
    // Chromium reports the refusal.
    assert.deepEqual(problems.filter((problem) => !/415/.test(problem)), []);
  }));

Deno.test("what is chosen stays while another room is open", () =>
  withPeople(async (people) => {
    const { ada, bob } = people;
    const name = await people.meet();
    await choose(ada.page, "kept.txt");
    await people.enter();
    assert.equal(await ada.page.locator(".composer .tray").count(), 0);
    await openRoom(ada.page, name);
    await chosen(ada.page, "kept.txt");
    await ada.page.press(COMPOSER, "Enter");
    await last(bob.page).locator(".file").getByText("kept.txt").waitFor();
  }));

Deno.test("who chooses a file for a public room becomes a member, and may send it", () =>
  withPeople(async (people) => {
    const { ada, bob } = people;
    const name = await people.meet();
    assert.equal(await bob.page.locator("#own-rooms").getByText(name).count(), 0);
    await choose(bob.page, "first.txt");
    await bob.page.locator("#own-rooms").getByText(name).waitFor();
    await chosen(bob.page, "first.txt");
    await bob.page.press(COMPOSER, "Enter");
    await last(ada.page).locator(".file").getByText("first.txt").waitFor();
  }));

Deno.test("an answer in a thread has the files that were chosen, pasted and dropped there", () =>
  withPeople(async (people) => {
    const { ada, bob } = await meet(people);
    const panes = [ada, bob].map(({ page }) => page.locator(".pane"));
    for (const { page } of [ada, bob]) await act(last(page), "Thread");
    const [own, others] = panes as [Locator, Locator];
    await choose(own, "chosen.txt");
    await paste(ada.page, "pasted.png", "green", ".answer textarea");
    await chosen(own, "pasted.png");
    await dropOnThread(ada.page, "dropped.txt");
    await chosen(own, "dropped.txt");
    assert.equal(await ada.page.locator(".composer .tray").count(), 0);
    const letGo = await holdUploads(ada.page);
    await own.locator(".answer textarea:focus").press("Enter");
    await own.getByRole("progressbar", { name: "Uploading chosen.txt" }).waitFor();
    assert.equal(await own.locator(".answer .tray").count(), 0);
    await letGo();
    for (const pane of panes) {
      const answer = pane.locator(".pane-message").last();
      await loaded(answer.getByRole("img", { name: "pasted.png" }));
      const names = await answer.locator(".file .file-name").allTextContents();
      assert.deepEqual(names, ["chosen.txt", "dropped.txt"]);
    }
    await last(bob.page).getByRole("button", { name: "pasted.png" }).waitFor();
    await others.getByRole("button", { name: "Close" }).click();
  }));

Deno.test("an upload in a thread can be cancelled there, and one that is refused says why", () =>
  withPeople(async (people) => {
    const { page, problems } = (await meet(people)).ada;
    await act(last(page), "Thread");
    const pane = page.locator(".pane");
    const answer = pane.locator(".pane-message").last();
    const letGo = await holdUploads(page);
    await choose(pane, "slow.txt");
    await pane.locator(".answer textarea").fill("Never mind");
    await pane.locator(".answer textarea").press("Enter");
    await answer.getByRole("button", { name: "Cancel" }).click();
    await pane.getByText("slow.txt").waitFor({ state: "detached" });
    assert.equal(await pane.locator(".answer textarea").inputValue(), "Never mind");
    await letGo();
    await choose(pane, "tool.exe", "MZ\0\x01\x02\x03", "application/octet-stream");
    await pane.locator(".answer textarea").press("Enter");
    await answer.getByText(/^Not sent: /).waitFor();
    await answer.getByRole("button", { name: "Discard" }).click();
    await pane.getByText("tool.exe").waitFor({ state: "detached" });
    // Chromium reports the refusal.
    assert.deepEqual(problems.filter((problem) => !/415/.test(problem)), []);
  }));

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test(`axe finds nothing serious about files in ${colorScheme}`, () =>
    withBrowser(async (browser, server) => {
      const { page } = await visit(browser, server.url, { colorScheme });
      await signUp(page, "Ada");
      await makeRoom(page, "Tea");
      for (const name of ["a.png", "b.png"]) await paste(page, name, "teal");
      await choose(page, "notes.txt");
      await assertAccessible(page, "with files to send");
      const letGo = await holdUploads(page);
      await page.press(COMPOSER, "Enter");
      await last(page).getByRole("progressbar").first().waitFor();
      await assertAccessible(page, "with files on their way");
      await letGo();
      await last(page).locator(".file").waitFor();
      await assertAccessible(page, "with files in a message");
      await act(last(page), "Thread");
      await choose(page.locator(".pane"), "more.txt");
      await assertAccessible(page, "with files in a thread");
      await page.locator(".pane").press("Escape");
      await page.locator(".picture").first().click();
      await loaded(page.locator(".lightbox img"));
      await assertAccessible(page, "looking at a picture");
      await page.setViewportSize({ width: 390, height: 780 });
      await assertAccessible(page, "looking at a picture on a phone");
      await page.keyboard.press("Escape");
      await assertAccessible(page, "with files on a phone");
    }));
}

/** A room in which both are members. */
async function meet(people: People): Promise<People> {
  await people.meet();
  await write(people.bob.page, "Hello");
  await seesLast(people.ada.page, "Hello");
  return people;
}

function last(page: Page): Locator {
  return page.locator(".message").last();
}

/** Resolves once a file is among those to send. */
async function chosen(place: Page | Locator, name: string): Promise<void> {
  await place.getByRole("list", { name: "Files to send" }).getByText(name, { exact: true })
    .waitFor();
}

/** Resolves with its address once a picture is loaded. */
async function loaded(picture: Locator): Promise<string> {
  await picture.waitFor();
  return await picture.evaluate(async (image, milliseconds) => {
    const shown = image as unknown as { complete: boolean; naturalWidth: number; src: string };
    const deadline = performance.now() + milliseconds;
    // It may get another address meanwhile, which ends a `decode()`.
    while (!shown.complete || shown.naturalWidth === 0) {
      if (performance.now() > deadline) throw new Error(`not loaded: ${shown.src}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return shown.src;
  }, HANG_MS);
}

/** Pastes a picture into the message that is written. */
async function paste(
  page: Page,
  name: string,
  colour: string,
  input = COMPOSER,
): Promise<void> {
  await page.evaluate(`(async () => {
    const canvas = new OffscreenCanvas(300, 200);
    const context = canvas.getContext("2d");
    context.fillStyle = ${JSON.stringify(colour)};
    context.fillRect(0, 0, 300, 200);
    const clipboardData = new DataTransfer();
    const blob = await canvas.convertToBlob();
    clipboardData.items.add(new File([blob], ${JSON.stringify(name)}, { type: "image/png" }));
    document.querySelector(${JSON.stringify(input)}).dispatchEvent(
      new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  })()`);
}

/** Drags a file over the window, and drops it where the page then offers to answer with it. */
async function dropOnThread(page: Page, name: string): Promise<void> {
  const dispatch = (target: string, type: string) =>
    page.evaluate(`{
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(["Cups"], ${JSON.stringify(name)}, { type: "text/plain" }));
      ${target}.dispatchEvent(
        new DragEvent(${JSON.stringify(type)}, { dataTransfer, bubbles: true, cancelable: true }));
    }`);
  await dispatch("document.body", "dragover");
  await page.getByText("Drop files to answer with them").waitFor();
  await dispatch(`document.querySelector(".drop-target.beside")`, "drop");
}

/** Chooses a file in the browser's dialog. */
async function choose(
  place: Page | Locator,
  name: string,
  text = "Some text",
  mimeType = "text/plain",
): Promise<void> {
  const page = "page" in place ? place.page() : place;
  const chooser = page.waitForEvent("filechooser");
  await place.getByRole("button", { name: "Attach files" }).click();
  await (await chooser).setFiles({ name, mimeType, buffer: Buffer.from(text) });
  await chosen(place, name);
}

/** Holds uploads back from the server, until what it returns is called. */
async function holdUploads(page: Page): Promise<() => Promise<void>> {
  const gate = Promise.withResolvers<void>();
  await page.route(/\/files\?/, async (route) => {
    await gate.promise;
    // It may have been cancelled meanwhile.
    await route.continue().catch(() => {});
  });
  return async () => {
    gate.resolve();
    await page.unroute(/\/files\?/);
  };
}
