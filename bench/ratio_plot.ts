/** Bars: how many times better than the old stack each peer is, a panel for each scenario. */
import { peerOf } from "./peers.ts";
import type { Result } from "./results.ts";
import { bar, drawing, line, styleOf, text } from "./svg.ts";
import { showNumber } from "./table.ts";

const COLUMNS = 2;
const WIDTH = 960;
const MARGIN = 24;
const GAP = 36;
const HEADER = 104;
const FOOTER = 52;
const LABELS = 158;
/** Room for the value behind the longest bar. */
const VALUES = 44;
const BAR = 15;
const BAR_GAP = 4;
const PANEL_HEAD = 42;
const PANEL_FOOT = 34;

const PANEL_WIDTH = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GAP) / COLUMNS;
const TICKS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500];

/** A logarithmic scale. */
interface Scale {
  ticks: number[];
  x(ratio: number): number;
}

/** Draws the scenarios whose base is the old stack; undefined if there is none. */
export function drawRatios(results: Result[]): string | undefined {
  const panels = results.filter(isComparison);
  if (panels.length === 0) return undefined;
  const scale = scaleFor(panels.flatMap(({ peers }) => peers.map(({ ratio }) => ratio!.median)));
  const heights = rowsOf(panels).map((row) => Math.max(...row.map(heightOf)));
  const elements = header(panels);
  let y = HEADER;
  rowsOf(panels).forEach((row, at) => {
    row.forEach((panel, column) => {
      elements.push(...drawPanel(panel, MARGIN + column * (PANEL_WIDTH + GAP), y, scale));
    });
    y += heights[at]!;
  });
  FAIRNESS.forEach((words, at) => {
    elements.push(text(MARGIN, y + 14 + at * 17, words, { style: "quiet" }));
  });
  return drawing(WIDTH, y + FOOTER, TITLE, elements);
}

const TITLE = "How many times better than Express";
const READING =
  "The line at 1 is Express + Socket.IO, for REST Express alone; to the right is better. Log scale; thin lines span the rounds.";
const FAIRNESS = [
  "EchoRoom checks every frame and stores every message before its ack. Express + Socket.IO has accounts, and stores",
  "only in the panel that says so; the other peers only number and pass on. For REST the peers answer constants.",
];

function header(panels: Result[]): string[] {
  const pinned = panels.every(({ pinned, scenario }) => pinned || !scenario.pinned);
  const rounds = Math.min(...panels.map(({ rounds }) => rounds));
  const more = panels.some((panel) => panel.rounds > rounds) ? " or more" : "";
  const cores = pinned
    ? "server and generator pinned to a core each (logins and stored sends: to none)"
    : "not pinned to cores";
  const conditions = `Medians of ${rounds}${more} interleaved rounds over loopback; ${cores}.`;
  return [
    text(MARGIN, 36, TITLE, { style: "title" }),
    text(MARGIN, 58, conditions, { style: "quiet" }),
    text(MARGIN, 76, READING, { style: "quiet" }),
  ];
}

/** The soak has a plot of its own. */
function isComparison({ scenario, peers }: Result): boolean {
  const others = peers.filter(({ peer }) => peer !== scenario.base);
  return scenario.base.startsWith("express") && scenario.load[0] !== "soak" &&
    others.some(({ ratio }) => ratio) && peers.every(({ ratio }) => ratio);
}

function rowsOf(panels: Result[]): Result[][] {
  const count = Math.ceil(panels.length / COLUMNS);
  return Array.from({ length: count }, (_, row) => {
    return panels.slice(row * COLUMNS, (row + 1) * COLUMNS);
  });
}

function heightOf({ peers }: Result): number {
  return PANEL_HEAD + peers.length * (BAR + BAR_GAP) + PANEL_FOOT;
}

function scaleFor(ratios: number[]): Scale {
  const least = TICKS.findLast((tick) => tick <= Math.min(...ratios, 1)) ?? TICKS[0]!;
  const most = TICKS.find((tick) => tick >= Math.max(...ratios, 2)) ?? TICKS.at(-1)!;
  const length = PANEL_WIDTH - LABELS - VALUES;
  const share = (ratio: number) => Math.log(ratio / least) / Math.log(most / least);
  return {
    ticks: TICKS.filter((tick) => tick >= least && tick <= most),
    x: (ratio) => LABELS + length * Math.min(1, Math.max(0, share(ratio))),
  };
}

function drawPanel({ scenario, peers }: Result, left: number, top: number, scale: Scale): string[] {
  const first = top + PANEL_HEAD;
  const last = first + peers.length * (BAR + BAR_GAP);
  const elements = [
    text(left, top + 14, scenario.title, { style: "heading" }),
    text(left, top + 30, scenario.metric.gain, { style: "quiet" }),
  ];
  for (const tick of scale.ticks) {
    const x = left + scale.x(tick);
    elements.push(line(x, first - 3, x, last, "grid"));
    elements.push(text(x, last + 13, `${tick}×`, { style: "quiet", anchor: "middle" }));
  }
  const one = left + scale.x(1);
  peers.forEach(({ peer, ratio }, at) => {
    const { median, least, most } = ratio!;
    const y = first + at * (BAR + BAR_GAP);
    const end = left + scale.x(median);
    const [low, high] = [left + scale.x(least), left + scale.x(most)];
    elements.push(
      text(left + LABELS - 8, y + BAR - 3.5, peerOf(peer).title, { anchor: "end" }),
      bar(Math.min(one, end), y, Math.abs(end - one), BAR, styleOf(peer)),
      line(low, y + BAR / 2, high, y + BAR / 2, "span"),
      text(Math.max(one, high) + 5, y + BAR - 3.5, `${showNumber(median)}×`),
    );
  });
  elements.push(line(one, first - 3, one, last, "base"));
  return elements;
}
