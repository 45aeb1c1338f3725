/** PNGs with a palette, written from pixels without any loss: libvips would choose colours that are near. */
import { crc32 } from "node:zlib";
import { WorkSlices } from "../../async/work_slices.ts";

/** What fits into one byte a pixel. */
const MAX_COLOURS = 256;
/** Pixels between two looks at the time. */
const PIXELS_AT_ONCE = 65_536;
/** Signature, and the chunk IHDR with its length, type and checksum. */
const HEADER_BYTES = 33;
/** Where IHDR has the kind of a PNG's pixels, and the kind that is an index. */
const COLOUR_TYPE_AT = 25;
const INDEXED = 3;

/** Pixels as places in a palette. */
export interface Indexed {
  /** One byte a pixel. */
  places: Uint8Array;
  /** Red, green, blue and alpha of each colour. */
  colours: Uint8Array;
}

/**
 * Finds the palette of a picture, in slices between which others have their turn.
 * @param pixels four bytes each: red, green, blue and alpha
 * @returns null if it has more than 256 colours
 */
export async function indexPixels(pixels: Uint8Array): Promise<Indexed | null> {
  const { buffer, byteOffset, length } = isAligned(pixels) ? pixels : new Uint8Array(pixels);
  const values = new Uint32Array(buffer, byteOffset, length / 4);
  const places = new Uint8Array(values.length);
  const palette = new Map<number, number>();
  const slices = new WorkSlices();
  let [last, place] = [-1, 0];
  for (let start = 0; start < values.length; start += PIXELS_AT_ONCE) {
    const end = Math.min(start + PIXELS_AT_ONCE, values.length);
    for (let i = start; i < end; i++) {
      const value = values[i]!;
      if (value !== last) {
        last = value;
        place = palette.get(value) ?? palette.size;
        if (place === MAX_COLOURS) return null;
        if (place === palette.size) palette.set(value, place);
      }
      places[i] = place;
    }
    await slices.pause();
  }
  return { places, colours: new Uint8Array(Uint32Array.from(palette.keys()).buffer) };
}

function isAligned({ byteOffset }: Uint8Array): boolean {
  return byteOffset % Uint32Array.BYTES_PER_ELEMENT === 0;
}

/**
 * Makes the values of a grey PNG places in a palette (PNG, 11.2.2 and 11.3.1): all else of it stays.
 * @param grey of 8 bits
 * @param colours of each value; red, green, blue and alpha
 */
export function withPalette(grey: Uint8Array, colours: Uint8Array): Uint8Array {
  const header = grey.slice(0, HEADER_BYTES);
  header[COLOUR_TYPE_AT] = INDEXED;
  const checked = header.subarray(12, HEADER_BYTES - 4);
  new DataView(header.buffer).setUint32(HEADER_BYTES - 4, crc32(checked));
  const opaque = chunk("PLTE", colours.filter((_, i) => i % 4 !== 3));
  const alphas = colours.filter((_, i) => i % 4 === 3);
  const transparent = alphas.every((alpha) => alpha === 255) ? [] : [chunk("tRNS", alphas)];
  return join([header, opaque, ...transparent, grey.subarray(HEADER_BYTES)]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(data.length + 8, crc32(bytes.subarray(4, data.length + 8)));
  return bytes;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
