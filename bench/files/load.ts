/**
 * The generator: a process of its own, which uploads to the places that its input lists, each once
 * and at most `--at-once` at a time, or downloads from them, and prints how long that took.
 */
import { parseArgs } from "node:util";
import type { Place } from "./servers.ts";

const CHUNK_BYTES = 64 * 1_024;

const { values } = parseArgs({
  options: {
    bytes: { type: "string" },
    "at-once": { type: "string" },
    download: { type: "boolean", default: false },
  },
});
const size = Number(values.bytes);
const places: Place[] = await new Response(Deno.stdin.readable).json();
const act = values.download ? download : upload;
const waiting = places.values();
const started = performance.now();
await Promise.all(Array.from({ length: Number(values["at-once"]) }, async () => {
  for (const place of waiting) await act(place);
}));
const seconds = (performance.now() - started) / 1_000;
console.log(JSON.stringify({ seconds, places }));

async function upload(place: Place): Promise<void> {
  const { method, url, headers } = place;
  const answer = await fetch(url, {
    method,
    headers: { ...headers, "content-length": String(size) },
    body: bytes(),
  });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  const text = await answer.text();
  place.download ??= new URL(JSON.parse(text).file.url, url).href;
}

async function download({ download, headers }: Place): Promise<void> {
  const answer = await fetch(download!, { headers });
  if (!answer.ok) throw new Error(`${download}: ${answer.status} ${await answer.text()}`);
  let length = 0;
  for await (const chunk of answer.body!) length += chunk.length;
  if (length !== size) throw new Error(`${download}: ${length} bytes`);
}

/** A PDF by its first bytes. */
function bytes(): ReadableStream<Uint8Array> {
  let rest = size;
  const chunk = new Uint8Array(CHUNK_BYTES).fill(7);
  return new ReadableStream({
    pull(controller) {
      if (rest === 0) return controller.close();
      const part = chunk.slice(0, Math.min(rest, CHUNK_BYTES));
      if (rest === size) part.set(new TextEncoder().encode("%PDF-1.7\n"));
      rest -= part.length;
      controller.enqueue(part);
    },
  });
}
