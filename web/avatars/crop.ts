/** The square that is cut out of a picture. */

export interface Size {
  width: number;
  height: number;
}

/** In pixels of the picture. */
export interface Crop {
  /** The middle of the square. */
  x: number;
  y: number;
  /** 1 for the largest square that the picture has, up to {@linkcode MAX_ZOOM}. */
  zoom: number;
}

export const MAX_ZOOM = 4;

/** The largest square, in the middle. */
export function wholeOf({ width, height }: Size): Crop {
  return { x: width / 2, y: height / 2, zoom: 1 };
}

export function sideOf({ width, height }: Size, { zoom }: Crop): number {
  return Math.min(width, height) / zoom;
}

/** The nearest square to the one wanted that is within the picture. */
export function within(size: Size, wanted: Crop): Crop {
  const zoom = clamp(wanted.zoom, 1, MAX_ZOOM);
  const half = sideOf(size, { ...wanted, zoom }) / 2;
  return {
    x: clamp(wanted.x, half, size.width - half),
    y: clamp(wanted.y, half, size.height - half),
    zoom,
  };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
