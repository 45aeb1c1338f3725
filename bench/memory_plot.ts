/** Lines: the resident memory of the peers during the soak. */
import { peerOf } from "./peers.ts";
import type { PeerResult, Result } from "./results.ts";
import type { MemorySample } from "./statistics.ts";
import { curve, drawing, line, styleOf, text } from "./svg.ts";
import { showNumber } from "./table.ts";

const [WIDTH, HEIGHT] = [960, 440];
const [LEFT, RIGHT, TOP, BOTTOM] = [60, 240, 122, 52];
const MARGIN = 24;
const MAX_TICKS = 6;
const SECONDS = { seconds: 1, name: "seconds" };
const MINUTES = { seconds: 60, name: "minutes" };
/** From this length on a run is shown in minutes. */
const MINUTES_FROM = 180;
/** The least distance between two labels at the ends of lines. */
const LABEL_HEIGHT = 34;
const TITLE = "Resident memory over time";

/** Draws the soak; undefined if none was run. */
export function drawMemory(results: Result[]): string | undefined {
  const soak = results.find(({ scenario }) => scenario.load[0] === "soak");
  if (!soak || soak.peers.length === 0) return undefined;
  const lines = soak.peers.map((peer) => ({ peer, samples: samplesOf(peer) }));
  const all = lines.flatMap(({ samples }) => samples);
  const end = Math.max(...all.map(([second]) => second));
  const unit = end < MINUTES_FROM ? SECONDS : MINUTES;
  const times = ticksTo(end / unit.seconds);
  const sizes = ticksTo(Math.max(...all.map(([, megabytes]) => megabytes)) * 1.05);
  const x = (time: number) => LEFT + (WIDTH - LEFT - RIGHT) * time / times.at(-1)!;
  const y = (size: number) => HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * size / sizes.at(-1)!;
  const elements = [...header(soak), ...axes(times, sizes, x, y, unit.name)];
  for (const { peer: { peer }, samples } of lines) {
    const points = samples.map(([second, size]): [number, number] => [
      x(second / unit.seconds),
      y(size),
    ]);
    elements.push(curve(points, `line-${styleOf(peer)}`));
  }
  const ends = lines.map(({ peer, samples }) => ({ peer, y: y(samples.at(-1)?.[1] ?? 0) }));
  elements.push(...labels(ends));
  return drawing(WIDTH, HEIGHT, TITLE, elements);
}

function header({ scenario, pinned }: Result): string[] {
  const cores = pinned ? "server and generator pinned to a core each" : "not pinned to cores";
  const [load = ""] = scenario.about.split(". RSS");
  return [
    text(MARGIN, 36, TITLE, { style: "title" }),
    text(MARGIN, 58, `${load};`, { style: "quiet" }),
    text(MARGIN, 76, `${cores}. Beside each line: first third → last third, and slope.`, {
      style: "quiet",
    }),
  ];
}

function axes(
  times: number[],
  sizes: number[],
  x: (time: number) => number,
  y: (size: number) => number,
  unit: string,
): string[] {
  const style = "quiet";
  return [
    ...sizes.map((size) => line(LEFT, y(size), WIDTH - RIGHT, y(size), "grid")),
    ...sizes.map((size) => text(LEFT - 8, y(size) + 4, `${size}`, { style, anchor: "end" })),
    ...times.map((time) =>
      text(x(time), HEIGHT - BOTTOM + 18, `${time}`, { style, anchor: "middle" })
    ),
    text(MARGIN, TOP - 12, "RSS in MB", { style }),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, unit, { style, anchor: "middle" }),
  ];
}

/** The names at the ends of the lines, moved apart where they would overlap. */
function labels(ends: { peer: PeerResult; y: number }[]): string[] {
  let free = TOP;
  return ends.toSorted((a, b) => a.y - b.y).flatMap(({ peer, y }) => {
    const at = Math.max(free, y);
    free = at + LABEL_HEIGHT;
    const rise = showNumber(peer.figure("rss_slope_mb_h"));
    const [first, last] = [peer.figure("rss_first_mb"), peer.figure("rss_last_mb")].map(showNumber);
    return [
      text(WIDTH - RIGHT + 10, at + 2, peerOf(peer.peer).title, { style: "heading" }),
      text(WIDTH - RIGHT + 10, at + 17, `${first} → ${last} MB, ${rise} MB/h`, { style: "quiet" }),
    ];
  });
}

function samplesOf({ runs }: PeerResult): MemorySample[] {
  return runs.at(-1)?.figures.rss_samples as MemorySample[] | undefined ?? [];
}

/** Round numbers from 0 to at least `most`. */
function ticksTo(most: number): number[] {
  const power = 10 ** Math.floor(Math.log10(most / MAX_TICKS));
  const step = [1, 2, 5, 10].map((step) => step * power).find((step) => most / step <= MAX_TICKS)!;
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, at) => {
    return Number((at * step).toPrecision(6));
  });
}
