/** The page's files: what is chosen for the next message, and how a file is shown. */
import assert from "node:assert/strict";
import { MAX_ATTACHMENTS } from "../src/protocol/wire/limits.ts";
import { ChosenByRoom, ChosenFiles } from "../web/files/chosen_files.ts";
import { boxOf, describeSize, mediumOf } from "../web/files/media.ts";
import { summaryOf } from "../web/text/plain_text.ts";

Deno.test("files are sent in the order in which they were chosen, without those that were removed", () => {
  const chosen = new ChosenFiles();
  assert.equal(chosen.add(["a", "b"].map(file)), 0);
  assert.equal(chosen.add(["c"].map(file)), 0);
  chosen.remove(chosen.files.value[1]!.key);
  assert.deepEqual(chosen.take().map(({ name }) => name), ["a", "c"]);
  assert.deepEqual(chosen.files.value, []);
});

Deno.test("more files than a message can have are left out", () => {
  const chosen = new ChosenFiles();
  const names = Array.from({ length: MAX_ATTACHMENTS + 2 }, (_, i) => String(i));
  assert.equal(chosen.add(names.map(file)), 2);
  assert.equal(chosen.add(["one more"].map(file)), 1);
  assert.equal(chosen.files.value.length, MAX_ATTACHMENTS);
});

Deno.test("what is chosen in a room stays while another one is open", () => {
  const rooms = new ChosenByRoom();
  const tea = rooms.of("tea");
  tea.add(["a"].map(file));
  const unused = rooms.of("unused");
  rooms.of("coffee");
  assert.equal(rooms.of("tea"), tea);
  assert.notEqual(rooms.of("unused"), unused);
});

Deno.test("a picture has a box of its shape before it is loaded, as large as there is place", () => {
  assert.deepEqual(boxOf({ width: 100, height: 60 }), { width: 100, height: 60 });
  assert.deepEqual(boxOf({ width: 3600, height: 1800 }), { width: 360, height: 180 });
  assert.deepEqual(boxOf({ width: 600, height: 2800 }), { width: 60, height: 280 });
  assert.deepEqual(boxOf({ width: 1, height: 1 }), { width: 48, height: 48 });
  assert.deepEqual(boxOf({ width: null, height: null }), { width: 320, height: 240 });
});

Deno.test("a file is shown by its type, and its size in words", () => {
  const types = ["image/png", "audio/mpeg", "video/mp4", "application/pdf", "text/plain"];
  const media = types.map((type) => mediumOf({ type }));
  assert.deepEqual(media, ["image", "audio", "video", "other", "other"]);
  const sizes = [999, 1_000, 1_250_000, 25_400_000, 3_000_000_000, 5_000_000_000_000];
  const shown = ["999 bytes", "1 kB", "1.3 MB", "25 MB", "3 GB", "5,000 GB"];
  assert.deepEqual(sizes.map(describeSize), shown);
});

Deno.test("a message without a text is called by the names of its files", () => {
  const attachments = ["a.png", "b.pdf"].map((name) => ({ name })) as never;
  assert.equal(summaryOf({ text: "", attachments }), "a.png, b.pdf");
  assert.equal(summaryOf({ text: "**Look**", attachments }), "Look");
});

function file(name: string): File {
  return new File(["bytes"], name);
}
