/** Pictures that people upload: cleaned, and made small, off the event loop and a few at a time. */
import type { Metadata, Sharp, SharpOptions } from "sharp";
import { FairQueue } from "../../async/fair_queue.ts";
import { ChatError, unavailable } from "../../domain/errors.ts";
import { indexPixels, withPalette } from "./indexed_png.ts";
import { isLossless } from "./webp_header.ts";

/** Of one frame: what a picture of this size takes of memory is what most servers can spare. */
const MAX_PIXELS = 50_000_000;
/** Of an AVIF, which takes 40 bytes a pixel to write. */
const MAX_AVIF_PIXELS = 20_000_000;
/** Of all frames of an animation, which are encoded again one by one. */
const MAX_ANIMATION_PIXELS = 100_000_000;
/** Of a WebP that is written again without a loss, for which larger ones take too long. */
const MAX_LOSSLESS_PIXELS = 10_000_000;
/** The longest side of a thumbnail. */
export const THUMBNAIL_SIDE = 480;
/** The side of an avatar, which is a square. */
export const AVATAR_SIDE = 512;
/** The type of thumbnails and avatars. */
export const SMALL_TYPE = "image/webp";

/** Pictures processed at once, each on one core: one may take 0.7 GB. */
const MAX_AT_ONCE = 2;
/** Pictures that may come before one; else it is refused, because its client would time out first. */
const MAX_AHEAD = 64;
/** Of work on one picture: what takes longer was made to. */
const MAX_SECONDS = 60;

type Writer = (image: Sharp, source: Metadata) => Sharp;

const jpeg = (quality: number): Writer => (image, { chromaSubsampling }) =>
  image.jpeg({
    quality,
    chromaSubsampling: chromaSubsampling?.startsWith("4:2:0") ? "4:2:0" : "4:4:4",
  });

/** How each type is written again: first so that nobody sees a difference, then smaller and smaller. */
const WRITERS: Record<string, readonly Writer[]> = {
  "image/jpeg": [90, 60, 30].map(jpeg),
  "image/png": [6, 9].map((compressionLevel) => (image) =>
    image.png({ compressionLevel, adaptiveFiltering: true })
  ),
  "image/gif": [1, 10].map((effort) => (image) => image.gif({ effort })),
  "image/webp": [90, 60, 30].map((quality) => (image) => image.webp({ quality, effort: 2 })),
  "image/avif": [70, 50, 30].map((quality) => (image) => image.avif({ quality, effort: 1 })),
};

/** A picture as it is kept. */
export interface CleanImage {
  /** Of the type that it had. */
  bytes: Uint8Array;
  /** In pixels, as it is shown. */
  width: number;
  height: number;
  /** Its first frame as WebP; null if it is still and no larger than a thumbnail. */
  thumbnail: Uint8Array | null;
}

/**
 * Reads and writes pictures with libvips, on threads of its own.
 *
 * All methods reject with `ChatError` `unsupported_media_type` for what is no picture of an accepted
 * type, or is damaged or incomplete; `file_too_large` for one of more than 50 megapixels (20 for AVIF),
 * for an animation of more than 100 in all its frames, each before its pixels are read, and for one
 * that takes more than a minute; `unavailable` if too many wait. Users take turns: one with many
 * pictures delays the others by one each.
 */
export class Images {
  readonly #queue: FairQueue;

  /** @param workers among how many the cores of this machine are shared */
  constructor(workers: number) {
    const cores = Math.floor((navigator.hardwareConcurrency - 1) / workers);
    this.#queue = new FairQueue(Math.min(Math.max(1, cores), MAX_AT_ONCE));
  }

  /**
   * Makes a picture what it looks like and nothing else: its pixels as browsers show them, upright, in
   * sRGB and 8 bits, without metadata and whatever stood behind it. Animations stay animated; of APNG
   * and AVIF sequences the first picture stays.
   * @param userId whose picture it is
   * @param type one of `image/png`, `jpeg`, `gif`, `webp` and `avif`, as the bytes were found to be
   * @param aim bytes above which it is written again as what takes less, if that helps: by less quality,
   *   where the type has any
   * @param read gives its bytes when it is its turn, so that those who wait hold none
   * @param keep stores the result, within the turn for the same reason
   */
  clean<T>(
    userId: string,
    type: string,
    aim: number,
    read: () => Promise<Uint8Array>,
    keep: (image: CleanImage) => Promise<T>,
  ): Promise<T> {
    return this.#inTurn(userId, async () => keep(await cleaned(type, await read(), aim)));
  }

  /** The middle of a picture as a square of WebP, at most 512 pixels wide, without metadata. */
  avatar(userId: string, bytes: Uint8Array): Promise<Uint8Array> {
    return this.#inTurn(userId, () => squareOf(bytes));
  }

  /** How many pictures wait or are processed now. */
  get waiting(): number {
    return this.#queue.size;
  }

  async #inTurn<T>(userId: string, work: () => Promise<T>): Promise<T> {
    if (this.#queue.ahead(userId) >= MAX_AHEAD) {
      throw unavailable("Too many pictures at once; try again in a moment.");
    }
    using _turn = await this.#queue.take(userId);
    return await work();
  }
}

async function cleaned(type: string, bytes: Uint8Array, aim: number): Promise<CleanImage> {
  const picture = await open(bytes);
  if (picture.type !== type) throw damaged();
  const { width, height } = picture.metadata.autoOrient;
  const isSmall = Math.max(width, height) <= THUMBNAIL_SIDE && !picture.isAnimated;
  // Before the bytes, which may take all the time that there is.
  const small = isSmall ? null : await encode(thumbnail(picture.read({})));
  return { bytes: await writtenAgain(picture, bytes, aim), width, height, thumbnail: small };
}

/**
 * The first way to write it that takes at most `aim` bytes, else the one that takes least of those for
 * which there is time.
 */
async function writtenAgain(picture: Picture, source: Uint8Array, aim: number) {
  const { type, metadata, isAnimated } = picture;
  let smallest = await writtenAlike(picture, source);
  for (const write of WRITERS[type]!) {
    if (smallest && smallest.length <= aim) break;
    const writing = encode(write(picture.read({ animated: isAnimated }), metadata));
    const written = await (smallest ? writing.catch(() => null) : writing);
    if (!written) break;
    if (!smallest || written.length < smallest.length) smallest = written;
  }
  return smallest!;
}

/** Without a loss, where the source is a PNG with a palette or a lossless WebP; else null. */
async function writtenAlike(picture: Picture, source: Uint8Array): Promise<Uint8Array | null> {
  const { type, metadata, isAnimated } = picture;
  if (type === "image/png" && metadata.isPalette) return await writtenIndexed(picture);
  if (type !== "image/webp" || isAnimated || !isLossless(source)) return null;
  if (metadata.width * metadata.height > MAX_LOSSLESS_PIXELS) return null;
  return await encode(picture.read({}).webp({ lossless: true, effort: 0 }));
}

async function writtenIndexed(picture: Picture): Promise<Uint8Array | null> {
  const { width, height } = picture.metadata.autoOrient;
  const indexed = await indexPixels(
    await encode(picture.read({}).toColourspace("srgb").ensureAlpha().raw()),
  );
  if (!indexed) return null;
  const sharp = await libvips();
  const grey = sharp(indexed.places, { raw: { width, height, channels: 1 } })
    .timeout({ seconds: picture.secondsLeft() }).toColourspace("b-w").png({ compressionLevel: 6 });
  return withPalette(await encode(grey), indexed.colours);
}

function thumbnail(image: Sharp): Sharp {
  return image
    .resize(THUMBNAIL_SIDE, THUMBNAIL_SIDE, { fit: "inside", withoutEnlargement: true })
    .webp({ quality: 80 });
}

async function squareOf(bytes: Uint8Array): Promise<Uint8Array> {
  const { metadata: { autoOrient }, read } = await open(bytes);
  const side = Math.min(AVATAR_SIDE, autoOrient.width, autoOrient.height);
  return encode(read({}).resize(side, side, { fit: "cover" }).webp({ quality: 85 }));
}

interface Picture {
  type: string;
  metadata: Metadata;
  isAnimated: boolean;
  /** A pipeline that decodes it, within the seconds that are left. */
  read(options: SharpOptions): Sharp;
  /** Of `MAX_SECONDS` since it was opened; at least 1. */
  secondsLeft(): number;
}

/** Reads the header of a picture, and decides on it whether its pixels are read at all. */
async function open(bytes: Uint8Array): Promise<Picture> {
  const sharp = await libvips();
  const end = performance.now() + MAX_SECONDS * 1_000;
  const secondsLeft = () => Math.max(1, Math.ceil((end - performance.now()) / 1_000));
  if (bytes.length === 0) throw damaged();
  const metadata = await sharp(bytes, { limitInputPixels: false }).metadata().catch((cause) => {
    throw damaged(cause);
  });
  const type = typeOf(metadata);
  if (type === null) throw damaged();
  const frames = /gif|webp/.test(type) ? metadata.pages ?? 1 : 1;
  const pixels = metadata.width * metadata.height;
  const isAvif = type === "image/avif";
  demand(pixels <= MAX_PIXELS, "An image may have at most 50 megapixels.");
  demand(!isAvif || pixels <= MAX_AVIF_PIXELS, "An AVIF may have at most 20 megapixels.");
  const isShort = frames === 1 || frames * pixels <= MAX_ANIMATION_PIXELS;
  demand(isShort, "An animation may have at most 100 megapixels in all its frames.");
  return {
    type,
    metadata,
    isAnimated: frames > 1,
    read: (options) =>
      sharp(bytes, {
        autoOrient: true,
        sequentialRead: true,
        // Phones write JPEGs of which libjpeg warns, and which everybody shows.
        failOn: "error",
        limitInputPixels: MAX_ANIMATION_PIXELS,
        ...options,
      }).timeout({ seconds: secondsLeft() }),
    secondsLeft,
  };
}

function demand(isSmall: boolean, message: string): void {
  if (!isSmall) throw new ChatError("file_too_large", message);
}

function typeOf({ format, compression }: Metadata): string | null {
  if (format === "heif") return compression === "av1" ? "image/avif" : null;
  const type = `image/${format}`;
  return type in WRITERS ? type : null;
}

async function encode(image: Sharp): Promise<Uint8Array> {
  try {
    return await image.toBuffer();
  } catch (error) {
    if (error instanceof Error && error.message.includes("timeout")) {
      throw new ChatError("file_too_large", "The image takes too long to process.");
    }
    throw damaged(error);
  }
}

function damaged(cause?: unknown): ChatError {
  const message = "The image is damaged, incomplete or of a type that is not accepted.";
  return new ChatError("unsupported_media_type", message, { cause });
}

let loading: Promise<typeof import("sharp").default> | undefined;

/** sharp, loaded when the first picture comes: its library is larger than the rest of the server. */
function libvips(): Promise<typeof import("sharp").default> {
  return loading ??= import("sharp").then(({ default: sharp }) => {
    // Every upload is another picture, and cores are shared by pictures, not by parts of one.
    sharp.cache(false);
    sharp.concurrency(1);
    // Of all that libvips can read, only what is accepted ever reaches its parser.
    sharp.block({ operation: ["VipsForeignLoad"] });
    const readers = ["Jpeg", "Png", "Nsgif", "Webp", "Heif"];
    sharp.unblock({ operation: readers.map((reader) => `VipsForeignLoad${reader}Buffer`) });
    return sharp;
  });
}
