/** What all plots share: a drawing that is readable on light and on dark pages. */

const STYLE = `
  svg { font-family: system-ui, sans-serif; font-size: 12px; }
  .page { fill: #ffffff; }
  text { fill: #3d444d; }
  .title { font-size: 17px; font-weight: 600; fill: #1f2328; }
  .heading { font-size: 13px; font-weight: 600; fill: #1f2328; }
  .quiet { fill: #6e7781; }
  .grid { stroke: #d8dee4; }
  .base { stroke: #57606a; stroke-width: 1.5; }
  .span { stroke: #1f2328; stroke-opacity: 0.55; }
  .own { fill: #1f7a5c; } .own-batch { fill: #49b88c; } .other { fill: #b3bcc6; }
  .line { fill: none; stroke-width: 1.8; }
  .line-own { stroke: #1f7a5c; } .line-own-batch { stroke: #49b88c; } .line-other { stroke: #9a6a3a; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; }
    text { fill: #c4ccd5; }
    .title, .heading { fill: #f0f6fc; }
    .quiet { fill: #8b949e; }
    .grid { stroke: #2b323b; }
    .base { stroke: #9aa4af; }
    .span { stroke: #f0f6fc; }
    .own { fill: #2fa37c; } .own-batch { fill: #7fd9b6; } .other { fill: #566270; }
    .line-own { stroke: #2fa37c; } .line-own-batch { stroke: #7fd9b6; } .line-other { stroke: #d29a63; }
  }`;

/** A whole drawing of some elements. */
export function drawing(width: number, height: number, label: string, elements: string[]): string {
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${escape(label)}">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="page" width="${width}" height="${height}" rx="8"/>`,
    ...elements,
    "</svg>\n",
  ].join("\n");
}

/** Text whose `anchor` is at a point. */
export function text(
  x: number,
  y: number,
  words: string,
  { style = "", anchor = "start" }: { style?: string; anchor?: "start" | "middle" | "end" } = {},
): string {
  const place = `x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"`;
  return `<text ${place} class="${style}">${escape(words)}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, style: string): string {
  const [a, b] = [`x1="${round(x1)}" y1="${round(y1)}"`, `x2="${round(x2)}" y2="${round(y2)}"`];
  return `<line ${a} ${b} class="${style}"/>`;
}

export function bar(x: number, y: number, width: number, height: number, style: string): string {
  const size = `width="${round(Math.max(width, 1))}" height="${height}"`;
  return `<rect x="${round(x)}" y="${round(y)}" ${size} class="${style}"/>`;
}

export function curve(points: [x: number, y: number][], style: string): string {
  const path = points.map(([x, y]) => `${round(x)},${round(y)}`).join(" ");
  return `<polyline points="${path}" class="line ${style}"/>`;
}

/** The colour of a peer: only EchoRoom is coloured. */
export function styleOf(peer: string): "own" | "own-batch" | "other" {
  if (peer === "echoroom-batch") return "own-batch";
  return peer.startsWith("echoroom") ? "own" : "other";
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}

function escape(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
