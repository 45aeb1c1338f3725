/** Lines: the cost of each operation as something grows, as a multiple of its cost when small. */
import { curve, drawing, line, text } from "../svg.ts";
import type { Point } from "./log_length.ts";

export interface Chart {
  title: string;
  /** What grows. */
  axis: string;
  points: Point[];
}

const [WIDTH, CHART_HEIGHT, TOP] = [960, 250, 84];
const [LEFT, RIGHT, INNER_TOP, INNER_BOTTOM] = [60, 260, 34, 46];
const MARGIN = 24;
const LABEL_HEIGHT = 16;
/** Ratios are drawn from a quarter to eightfold, by doublings. */
const [LEAST, MOST] = [-2, 3];

/** Draws each chart below the other. */
export function drawGrowth(title: string, charts: Chart[]): string {
  const height = TOP + charts.length * CHART_HEIGHT;
  return drawing(WIDTH, height, title, [
    text(MARGIN, 36, title, { style: "title" }),
    text(
      MARGIN,
      58,
      "Each line as a multiple of its first point: flat means that size costs nothing.",
      {
        style: "quiet",
      },
    ),
    ...charts.flatMap((chart, i) => drawChart(chart, TOP + i * CHART_HEIGHT)),
  ]);
}

function drawChart({ title, axis, points }: Chart, top: number): string[] {
  const [first, last] = [points[0]!, points.at(-1)!];
  const [from, to] = [Math.log10(first.size), Math.log10(last.size)];
  const [high, low] = [top + INNER_TOP, top + CHART_HEIGHT - INNER_BOTTOM];
  const x = (size: number) =>
    LEFT + (WIDTH - LEFT - RIGHT) * (Math.log10(size) - from) / (to - from);
  const y = (ratio: number) => {
    const doublings = Math.min(MOST, Math.max(LEAST, Math.log2(ratio)));
    return low - (low - high) * (doublings - LEAST) / (MOST - LEAST);
  };
  const ratios = Array.from({ length: MOST - LEAST + 1 }, (_, i) => 2 ** (LEAST + i));
  const names = Object.keys(first.figures);
  const ratio = (name: string, point: Point) => point.figures[name]! / first.figures[name]!;
  let free = high;
  const ends = names.map((name) => ({ name, end: ratio(name, last) }))
    .toSorted((a, b) => b.end - a.end);
  return [
    text(MARGIN, top + 14, title, { style: "heading" }),
    ...ratios.map((at) => line(LEFT, y(at), WIDTH - RIGHT, y(at), at === 1 ? "base" : "grid")),
    ...ratios.map((at) => text(LEFT - 8, y(at) + 4, `${at}×`, { style: "quiet", anchor: "end" })),
    ...points.map(({ size }) =>
      text(x(size), low + 18, size.toLocaleString("en"), { style: "quiet", anchor: "middle" })
    ),
    text((LEFT + WIDTH - RIGHT) / 2, low + 36, axis, { style: "quiet", anchor: "middle" }),
    ...names.map((name) =>
      curve(points.map((point) => [x(point.size), y(ratio(name, point))]), "line-own")
    ),
    ...ends.map(({ name, end }) => {
      const at = Math.max(free, y(end) + 4);
      free = at + LABEL_HEIGHT;
      return text(WIDTH - RIGHT + 10, at, `${name}: ${end.toFixed(2)}×`);
    }),
  ];
}
