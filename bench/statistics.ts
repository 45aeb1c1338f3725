/** Medians, ratios of interleaved rounds, and memory over time. */

/** The middle of some numbers; of an even count, the mean of both middles. */
export function median(numbers: number[]): number | undefined {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [low, high] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

/** The least number below which, or at which, this share of the numbers is. */
export function quantile(numbers: number[], share: number): number | undefined {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1];
}

/** How many times better than the base: the median over rounds, and the extremes. */
export interface Ratio {
  median: number;
  least: number;
  most: number;
  rounds: number;
}

/**
 * Compares figures round by round, so that what slows a whole round down cancels out. Rounds that
 * lack one of the two, or in which one is nothing, do not count.
 * @param figures, base from the number of a round to its figure
 */
export function compare(
  figures: Map<number, number>,
  base: Map<number, number>,
  better: "higher" | "lower",
): Ratio | undefined {
  const ratios: number[] = [];
  for (const [round, figure] of figures) {
    const other = base.get(round);
    if (!other || !figure) continue;
    ratios.push(better === "higher" ? figure / other : other / figure);
  }
  const middle = median(ratios);
  if (middle === undefined) return undefined;
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)];
  return { median: middle, least, most, rounds: ratios.length };
}

/** A moment in seconds, and the resident memory then in MB. */
export type MemorySample = [seconds: number, megabytes: number];

/** Adds the summary of the samples of resident memory, if a run has any. */
export function summariseMemory(figures: Record<string, unknown>): Record<string, unknown> {
  const samples = figures.rss_samples as MemorySample[] | undefined;
  if (!samples || samples.length < 3) return figures;
  const third = Math.floor(samples.length / 3);
  const megabytes = (part: MemorySample[]) => median(part.map(([, size]) => size));
  return {
    ...figures,
    rss_first_mb: megabytes(samples.slice(0, third)),
    rss_last_mb: megabytes(samples.slice(-third)),
    // The first third is the warm-up: code is compiled and caches fill.
    rss_slope_mb_h: slope(samples.slice(third)) * 3600,
  };
}

/** The rise per second of the line that fits best (least squares). */
export function slope(samples: MemorySample[]): number {
  const mean = (pick: (sample: MemorySample) => number) =>
    samples.reduce((sum, sample) => sum + pick(sample), 0) / samples.length;
  const [time, size] = [mean(([seconds]) => seconds), mean(([, megabytes]) => megabytes)];
  const rise = mean(([seconds, megabytes]) => (seconds - time) * (megabytes - size));
  const run = mean(([seconds]) => (seconds - time) ** 2);
  return run === 0 ? 0 : rise / run;
}
