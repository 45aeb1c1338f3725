/**
 * Measures files: `deno task bench:files [--rounds N] [--megabytes N] [--results FOLDER]`, see
 * `bench/README.md`. Throughput of up- and downloads beside a bare Deno file server and nginx, the
 * memory of 100 uploads at once, and the delivery of messages meanwhile. Writes `files.md`.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { median } from "../statistics.ts";
import { Chat } from "./chat.ts";
import { type FileServer, fileServers, startEchoRoom } from "./servers.ts";
import { downloadAll, uploadAll, writePayload } from "./transfers.ts";

const MEGABYTE = 1_024 * 1_024;
/** Of the throughput. */
const FILES = 20;
const AT_ONCE = 4;
/** Files before those that are measured: code that has run for a while is compiled. */
const WARM_UP = 8;
/** Of the memory. */
const UPLOADS = 100;
/** Each sample starts a process, which takes its part of the machine. */
const SAMPLE_MS = 250;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    megabytes: { type: "string", default: "25" },
    results: { type: "string", default: join(import.meta.dirname!, "../results") },
  },
});
const size = Number(values.megabytes) * MEGABYTE;
const interruption = new AbortController();
const { signal } = interruption;

/** Megabytes a second, by server, a number for each round. */
type Rates = Record<string, { upload: number[]; download: number[] }>;

const payload = await Deno.makeTempFile({ suffix: ".pdf" });
await writePayload(payload, size);
const rates = await measureRates(Number(values.rounds));
const uploads = await measureUploads(Number(values.rounds));
await Deno.remove(payload);
await Deno.mkdir(values.results, { recursive: true });
const path = join(values.results, "files.md");
await Deno.writeTextFile(path, describe());
await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", path] }).output();
console.log(`wrote ${path}`);

/** Servers take turns, so that disturbances of the machine affect all of them. */
async function measureRates(rounds: number): Promise<Rates> {
  const servers = await fileServers();
  const rates: Rates = {};
  for (let round = 1; round <= rounds; round++) {
    for (const [name, start] of Object.entries(servers)) {
      await using server = await start(signal);
      const all = await server.places(WARM_UP + FILES);
      const [first, places] = [all.slice(0, WARM_UP), all.slice(WARM_UP)];
      await uploadAll(first, payload, AT_ONCE);
      const up = await uploadAll(places, payload, AT_ONCE);
      await downloadAll(first, AT_ONCE);
      const down = await downloadAll(places, AT_ONCE);
      const rate = (seconds: number) => FILES * size / MEGABYTE / seconds;
      const own = rates[name] ??= { upload: [], download: [] };
      own.upload.push(rate(up));
      own.download.push(rate(down));
      console.log(
        `round ${round}, ${name}: up ${rate(up).toFixed(0)}, ` +
          `down ${rate(down).toFixed(0)} MB/s`,
      );
    }
  }
  return rates;
}

/** Of 100 uploads at once: EchoRoom's bytes of memory, seconds, milliseconds. */
type UploadFigures = Record<"before" | "peak" | "seconds" | "quiet" | "busy", number>;

/** By the server that takes them: medians, but of the memory the most. */
async function measureUploads(rounds: number): Promise<Record<string, UploadFigures>> {
  const measured: Record<string, UploadFigures[]> = {};
  for (let round = 1; round <= rounds; round++) {
    for (const [name, start] of Object.entries(await fileServers())) {
      const figures = await measureChat(name === "EchoRoom" ? null : start);
      console.log(`round ${round}, uploads to ${name}: ${JSON.stringify(figures)}`);
      (measured[name] ??= []).push(figures);
    }
  }
  return Object.fromEntries(
    Object.entries(measured).map(([name, all]) => {
      const middle = (figure: keyof UploadFigures) => median(all.map((one) => one[figure]))!;
      return [name, {
        before: middle("before"),
        peak: Math.max(...all.map(({ peak }) => peak)),
        seconds: middle("seconds"),
        quiet: middle("quiet"),
        busy: middle("busy"),
      }];
    }),
  );
}

/** @param startOther starts another server that takes the uploads: what they cost whoever takes them */
async function measureChat(
  startOther: ((signal: AbortSignal) => Promise<FileServer>) | null,
): Promise<UploadFigures> {
  await using server = await startEchoRoom(signal);
  await using other = await startOther?.(signal);
  const chat = await Chat.open(server.url);
  const places = await (other ?? server).places(UPLOADS);
  const quiet = await chat.during(new Promise((resolve) => setTimeout(resolve, 5_000)));
  const before = await residentBytes(server);
  let peak = before;
  const timer = setInterval(async () => {
    peak = Math.max(peak, await residentBytes(server));
  }, SAMPLE_MS);
  const uploading = uploadAll(places, payload, UPLOADS);
  const busy = await chat.during(uploading);
  clearInterval(timer);
  chat.close();
  const seconds = await uploading;
  return { before, peak, seconds, quiet: p99(quiet), busy: p99(busy) };
}

async function residentBytes({ pid }: FileServer): Promise<number> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "rss=", "-p", String(pid)] })
    .output();
  return Number(new TextDecoder().decode(stdout)) * 1_024;
}

function p99(sorted: number[]): number {
  return sorted[Math.floor(sorted.length * 0.99)] ?? NaN;
}

function describe(): string {
  const base = rates["bare Deno"]!;
  const own = uploads["EchoRoom"]!;
  const row = ([name, own]: [string, Rates[string]]) => {
    const cells = (["upload", "download"] as const).flatMap((way) => {
      const ratio = median(own[way].map((rate, round) => rate / base[way][round]!))!;
      return [`${median(own[way])!.toFixed(0)} MB/s`, ratio.toFixed(2)];
    });
    return `| ${[name, ...cells].join(" | ")} |`;
  };
  const mb = (bytes: number) => `${(bytes / MEGABYTE).toFixed(0)} MB`;
  return [
    "# Files",
    "",
    `Made by \`deno task bench:files\` on ${
      new Date().toISOString().slice(0, 10)
    }: ${FILES} files of ` +
    `${values.megabytes} MB, ${AT_ONCE} at once, after ${WARM_UP} others, from one machine to ` +
    `itself; medians of ${values.rounds} rounds. EchoRoom acks an upload once it is on the disk; bare Deno and nginx ` +
    "do not wait for the disk, unless it says so.",
    "",
    "| server | upload | beside bare Deno | download | beside bare Deno |",
    "| --- | --- | --- | --- | --- |",
    ...Object.entries(rates).map(row),
    "",
    `${UPLOADS} uploads of ${values.megabytes} MB at once, each by a user of its own, raised ` +
    `EchoRoom's resident memory from ${mb(own.before)} to ${mb(own.peak)} at most. How long they ` +
    "took, and the p99 of a message's delivery by EchoRoom meanwhile, beside the same uploads to " +
    `another server on this machine (before them it was ${own.quiet.toFixed(0)} ms):`,
    "",
    "| uploads to | all took | p99 of a delivery by EchoRoom |",
    "| --- | --- | --- |",
    ...Object.entries(uploads).map(([name, { seconds, busy }]) =>
      `| ${name} | ${seconds.toFixed(1)} s | ${busy.toFixed(0)} ms |`
    ),
    "",
  ].join("\n");
}
