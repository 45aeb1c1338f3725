/** Up- and downloads by curl: a process for each, which costs the machine little. */
import type { Place } from "./servers.ts";

const PAYLOAD = "%PDF-1.7\n";

/** A PDF by its first bytes. */
export async function writePayload(path: string, size: number): Promise<void> {
  const bytes = new Uint8Array(size).fill(7);
  bytes.set(new TextEncoder().encode(PAYLOAD));
  await Deno.writeFile(path, bytes);
}

/**
 * Uploads a file to each place, at most `atOnce` at a time, and notes where it can be read.
 * @returns seconds
 */
export function uploadAll(places: Place[], path: string, atOnce: number): Promise<number> {
  return timed(places, atOnce, async (place) => {
    const { method, url, headers } = place;
    // Without `Expect` the bytes follow at once.
    const options = [
      "--request",
      method,
      "--upload-file",
      path,
      ...headersOf(headers),
      "-H",
      "Expect:",
    ];
    const text = await curl([...options, url]);
    place.download ??= new URL(JSON.parse(text).file.url, url).href;
  });
}

/** @returns seconds */
export function downloadAll(places: Place[], atOnce: number): Promise<number> {
  return timed(places, atOnce, async ({ download, headers }) => {
    await curl(["--output", "/dev/null", ...headersOf(headers), download!]);
  });
}

async function timed(
  places: Place[],
  atOnce: number,
  act: (place: Place) => Promise<void>,
): Promise<number> {
  const waiting = places.values();
  const started = performance.now();
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (const place of waiting) await act(place);
  }));
  return (performance.now() - started) / 1_000;
}

async function curl(args: string[]): Promise<string> {
  const command = new Deno.Command("curl", {
    args: ["--silent", "--show-error", "--fail-with-body", ...args],
  });
  const { success, stdout, stderr } = await command.output();
  const text = new TextDecoder().decode(stdout);
  if (!success) throw new Error(new TextDecoder().decode(stderr) + text.slice(0, 400));
  return text;
}

function headersOf(headers: Record<string, string>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
}
