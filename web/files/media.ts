/** How a file is shown, by its type and size. */
import type { FileInfo } from "../../src/client/rest/mod.ts";

export type Medium = "image" | "audio" | "video" | "other";

export function mediumOf({ type }: Pick<FileInfo, "type">): Medium {
  const [family] = type.split("/");
  return family === "image" || family === "audio" || family === "video" ? family : "other";
}

/** The largest picture among messages, in CSS pixels. */
const MAX_WIDTH = 360;
const MAX_HEIGHT = 280;
/** What nobody has measured. */
const UNKNOWN = { width: 320, height: 240 };

/** The size at which a picture is shown among messages; a small one is not enlarged. */
export function boxOf({ width, height }: Pick<FileInfo, "width" | "height">) {
  const size = width && height ? { width, height } : UNKNOWN;
  const scale = Math.min(1, MAX_WIDTH / size.width, MAX_HEIGHT / size.height);
  // Neither too narrow to be seen nor to be hit.
  return {
    width: Math.max(Math.round(size.width * scale), 48),
    height: Math.max(Math.round(size.height * scale), 48),
  };
}

const UNITS = ["kilobyte", "megabyte", "gigabyte"] as const;

/** A size in words, as `1.2 MB`. */
export function describeSize(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length);
  const value = bytes / 1_000 ** power;
  const format = new Intl.NumberFormat([], {
    style: "unit",
    unit: UNITS[power - 1]!,
    maximumFractionDigits: value < 10 ? 1 : 0,
  });
  return format.format(value);
}
