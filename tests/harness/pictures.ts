/** Pictures and other files for tests, made from nothing but code. */
import { crc32 } from "node:zlib";
import sharp, { type Sharp } from "sharp";

const ASCII = new TextEncoder();

/** A picture of two halves, red on the left and blue on the right. */
export function halves(width: number, height: number): Sharp {
  const blue = { create: { width: Math.ceil(width / 2), height, channels: 3, background: "blue" } };
  return sharp({ create: { width, height, channels: 3, background: "red" } })
    .composite([{ input: blue as never, left: Math.floor(width / 2), top: 0 }]);
}

/** An animation of `frames`, each grey and a little lighter. */
export function frames(width: number, height: number, frames: number): Sharp {
  const pixels = new Uint8Array(width * height * frames * 3);
  for (let i = 0; i < frames; i++) {
    pixels.fill(20 + i * 40, i * width * height * 3, (i + 1) * width * height * 3);
  }
  return sharp(pixels, {
    raw: { width, height: height * frames, channels: 3, pageHeight: height },
  });
}

/** A PNG of this size that consists of its header. */
export function pngHeader(width: number, height: number): Uint8Array {
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8);
  header.setUint8(9, 2);
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  return concat(
    signature,
    pngChunk("IHDR", new Uint8Array(header.buffer)),
    pngChunk("IDAT", new Uint8Array(8)),
    pngChunk("IEND", new Uint8Array(0)),
  );
}

function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const typed = concat(ASCII.encode(type), data);
  const [length, check] = [new DataView(new ArrayBuffer(4)), new DataView(new ArrayBuffer(4))];
  length.setUint32(0, data.length);
  check.setUint32(0, crc32(typed));
  return concat(new Uint8Array(length.buffer), typed, new Uint8Array(check.buffer));
}

/** A ZIP archive of files that are stored as they are. */
export function zip(files: Record<string, string>): Uint8Array {
  const locals = Object.entries(files).map(([name, text]) => {
    const [path, data] = [ASCII.encode(name), ASCII.encode(text)];
    const header = new DataView(new ArrayBuffer(30));
    header.setUint32(0, 0x504b0304);
    header.setUint16(4, 20, true);
    header.setUint32(14, crc32(data), true);
    header.setUint32(18, data.length, true);
    header.setUint32(22, data.length, true);
    header.setUint16(26, path.length, true);
    return concat(new Uint8Array(header.buffer), path, data);
  });
  const end = new Uint8Array(22);
  end.set([0x50, 0x4b, 0x05, 0x06]);
  return concat(...locals, end);
}

/** The bytes of texts and of lists of bytes, in a row. */
export function concat(...parts: (Uint8Array | string)[]): Uint8Array {
  const bytes = parts.map((part) => typeof part === "string" ? ASCII.encode(part) : part);
  const whole = new Uint8Array(bytes.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of bytes) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
