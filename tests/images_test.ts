/** What pictures become before they are kept, and which are refused. */
import assert from "node:assert/strict";
import sharp from "sharp";
import { storeImage, type UploadDependencies } from "../src/application/files/upload_file.ts";
import { newBlobKey } from "../src/domain/blob_key.ts";
import type { File } from "../src/domain/file.ts";
import {
  AVATAR_SIDE,
  type CleanImage,
  Images,
  THUMBNAIL_SIDE,
} from "../src/services/files/images.ts";
import { isLossless } from "../src/services/files/webp_header.ts";
import { concat, frames, halves, pngHeader } from "./harness/pictures.ts";
import { until } from "./harness/stage.ts";

const images = new Images(1);

function clean(type: string, bytes: Uint8Array, aim = Infinity): Promise<CleanImage> {
  const read = () => Promise.resolve(bytes);
  return images.clean("ada", type, aim, read, (image) => Promise.resolve(image));
}

/** The colour of a pixel, as red, green and blue of 0 to 255. */
async function pixel(bytes: Uint8Array, left: number, top: number): Promise<number[]> {
  const image = sharp(bytes).extract({ left, top, width: 1, height: 1 });
  return [...await image.removeAlpha().raw().toBuffer()];
}

function isNear(actual: number[], expected: number[]): void {
  assert.equal(actual.length, expected.length);
  for (const [i, value] of actual.entries()) {
    assert.ok(Math.abs(value - expected[i]!) <= 12, `${actual} is not ${expected}`);
  }
}

const PLACE = {
  IFD0: { Make: "Camera", Copyright: "Ada" },
  IFD3: { GPSLatitudeRef: "N", GPSLatitude: "52/1 31/1 0/1" },
};
const XMP = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><secret/></x:xmpmeta>`;

for (const format of ["jpeg", "png", "webp", "avif"] as const) {
  Deno.test(`a picture in ${format} loses what it tells beside its pixels`, async () => {
    const source = await halves(60, 40).withExif(PLACE).withXmp(XMP).withIccProfile("p3")
      .toFormat(format).toBuffer();
    const before = await sharp(source).metadata();
    assert.ok(before.exif && before.xmp && before.icc);
    const { bytes, width, height, thumbnail } = await clean(`image/${format}`, source);
    const { exif, xmp, icc, iptc, comments, ...after } = await sharp(bytes).metadata();
    assert.deepEqual([exif, xmp, icc, iptc, comments], Array(5).fill(undefined));
    assert.deepEqual([after.format, width, height], [before.format, 60, 40]);
    assert.equal(thumbnail, null);
    isNear(await pixel(bytes, 10, 20), [255, 0, 0]);
    isNear(await pixel(bytes, 50, 20), [0, 0, 255]);
  });
}

Deno.test("a picture that was taken sideways is upright, in its thumbnail and avatar too", async () => {
  // 6: the camera was turned by 90°, so that what was on the left is to be shown on top.
  const source = await halves(1_200, 800).withMetadata({ orientation: 6 }).jpeg().toBuffer();
  const { bytes, width, height, thumbnail } = await clean("image/jpeg", source);
  assert.deepEqual([width, height], [800, 1_200]);
  const small = await sharp(thumbnail!).metadata();
  assert.deepEqual([small.width, small.height], [320, THUMBNAIL_SIDE]);
  const avatar = await images.avatar("ada", source);
  for (const [picture, side] of [[bytes, 800], [thumbnail!, 320], [avatar, AVATAR_SIDE]] as const) {
    assert.equal((await sharp(picture).metadata()).orientation, undefined);
    isNear(await pixel(picture, side / 2, 10), [255, 0, 0]);
    isNear(await pixel(picture, side / 2, side - 10), [0, 0, 255]);
  }
});

Deno.test("a PNG of 8 bits keeps each of its pixels, and its transparency", async () => {
  const pixels = crypto.getRandomValues(new Uint8Array(40 * 30 * 4));
  const source = await sharp(pixels, { raw: { width: 40, height: 30, channels: 4 } }).png()
    .toBuffer();
  const { bytes } = await clean("image/png", source);
  assert.deepEqual(new Uint8Array(await sharp(bytes).raw().toBuffer()), pixels);
});

for (const bitdepth of [1, 2, 4, 8] as const) {
  Deno.test(`a PNG with a palette of ${bitdepth} bits keeps it, and each of its pixels`, async () => {
    const pixels = crypto.getRandomValues(new Uint8Array(40 * 30 * 4));
    const source = await sharp(pixels, { raw: { width: 40, height: 30, channels: 4 } })
      .png({ palette: true, colours: 2 ** bitdepth }).toBuffer();
    const { bytes } = await clean("image/png", source);
    const { isPalette, hasAlpha } = await sharp(bytes).metadata();
    assert.deepEqual([isPalette, hasAlpha], [true, true]);
    const pixelsOf = (picture: Uint8Array) => sharp(picture).ensureAlpha().raw().toBuffer();
    assert.deepEqual(await pixelsOf(bytes), await pixelsOf(source));
  });
}

Deno.test("a PNG with a palette and without transparency has none after", async () => {
  const source = await halves(40, 30).png({ palette: true }).toBuffer();
  const { bytes } = await clean("image/png", source);
  const { isPalette, hasAlpha } = await sharp(bytes).metadata();
  assert.deepEqual([isPalette, hasAlpha], [true, false]);
  assert.deepEqual(await sharp(bytes).raw().toBuffer(), await sharp(source).raw().toBuffer());
});

Deno.test("a WebP without a loss stays so, and one with a loss takes little", async () => {
  const noise = crypto.getRandomValues(new Uint8Array(40 * 30 * 3));
  const picture = sharp(noise, { raw: { width: 40, height: 30, channels: 3 } });
  for (const extra of [picture.clone(), picture.clone().withExif(PLACE)]) {
    const source = await extra.webp({ lossless: true }).toBuffer();
    const { bytes } = await clean("image/webp", source);
    assert.deepEqual(new Uint8Array(await sharp(bytes).raw().toBuffer()), noise);
  }
  const lossy = await picture.clone().webp({ quality: 50 }).toBuffer();
  const { bytes } = await clean("image/webp", lossy);
  assert.ok(bytes.length < noise.length, `${bytes.length} bytes`);
});

Deno.test("of a WebP that begins with many empty chunks only the first are looked at", async () => {
  const source = await halves(40, 30).webp({ lossless: true }).toBuffer();
  const at = source.indexOf("VP8L");
  const padded = (chunks: number) => {
    const padding = new Uint8Array(8 * chunks).fill(0).map((_, i) => i % 8 < 4 ? 65 : 0);
    return concat(source.subarray(0, at), padding, source.subarray(at));
  };
  assert.deepEqual([isLossless(padded(10)), isLossless(padded(1_000))], [true, false]);
});

for (const format of ["jpeg", "webp", "avif"] as const) {
  Deno.test(`a picture in ${format} is written in less quality if it takes too much room`, async () => {
    const noise = crypto.getRandomValues(new Uint8Array(80 * 60 * 3));
    const source = await sharp(noise, { raw: { width: 80, height: 60, channels: 3 } })
      .toFormat(format, { quality: 40 }).toBuffer();
    const large = await clean(`image/${format}`, source);
    assert.ok(large.bytes.length > source.length);
    const { bytes } = await clean(`image/${format}`, source, source.length);
    assert.ok(bytes.length <= source.length, `${bytes.length} of ${source.length}`);
  });
}

Deno.test("a picture of 16 bits becomes one of 8, and one in CMYK becomes sRGB", async () => {
  const deep = await halves(40, 30).toColourspace("rgb16").png().toBuffer();
  assert.equal((await sharp(deep).metadata()).depth, "ushort");
  const print = await halves(40, 30).toColourspace("cmyk").jpeg().toBuffer();
  assert.equal((await sharp(print).metadata()).space, "cmyk");
  for (const [type, source] of [["image/png", deep], ["image/jpeg", print]] as const) {
    const { bytes } = await clean(type, source);
    const { depth, space } = await sharp(bytes).metadata();
    assert.deepEqual([depth, space], ["uchar", "srgb"]);
  }
});

for (const format of ["gif", "webp"] as const) {
  Deno.test(`an animation in ${format} stays one, at its pace, with a still thumbnail`, async () => {
    const source = await frames(16, 12, 4)[format]({ delay: [50, 60, 70, 80], loop: 3 }).toBuffer();
    const { bytes, width, height, thumbnail } = await clean(`image/${format}`, source);
    const { pages, delay, loop } = await sharp(bytes, { animated: true }).metadata();
    assert.deepEqual([pages, delay, loop], [4, [50, 60, 70, 80], 3]);
    assert.deepEqual([width, height], [16, 12]);
    assert.equal((await sharp(thumbnail!).metadata()).pages ?? 1, 1);
    isNear(await pixel(thumbnail!, 8, 6), [20, 20, 20]);
  });
}

Deno.test("what stands behind a picture, or between its parts, is gone", async () => {
  const hidden = "<script>alert(1)</script>";
  const jpeg = await halves(40, 30).jpeg().toBuffer();
  const comment = concat(Uint8Array.of(0xff, 0xfe, 0, hidden.length + 2), hidden);
  const pictures = {
    "image/jpeg": concat(jpeg.subarray(0, 2), comment, jpeg.subarray(2), hidden),
    "image/png": concat(await halves(40, 30).png().toBuffer(), hidden),
    "image/gif": concat(await frames(8, 8, 2).gif().toBuffer(), hidden),
  };
  for (const [type, source] of Object.entries(pictures)) {
    const { bytes } = await clean(type, source);
    assert.ok(!new TextDecoder("latin1").decode(bytes).includes("script"), type);
  }
});

const photo = await halves(400, 300).jpeg().toBuffer();
const noise = crypto.getRandomValues(new Uint8Array(140 * 140 * 3));
const grain = sharp(noise, { raw: { width: 140, height: 140, channels: 3 } });
const tiny = await frames(8, 8, 26).gif().toBuffer();

/** An animation of small frames that is said to be shown on a large screen. */
function largeGif(width: number, height: number): Uint8Array {
  const gif = Uint8Array.from(tiny);
  new DataView(gif.buffer).setUint16(6, width, true);
  new DataView(gif.buffer).setUint16(8, height, true);
  return gif;
}

/** Pictures that are refused: the type that they were found to be, their bytes, and the code. */
const REFUSED: Record<string, [type: string, bytes: Uint8Array, code: string]> = {
  "without a byte": ["image/png", new Uint8Array(), "unsupported_media_type"],
  "of a PNG's header alone": ["image/png", pngHeader(40, 30), "unsupported_media_type"],
  "of another type than it was found to be": ["image/png", photo, "unsupported_media_type"],
  "in a type that is not accepted": [
    "image/tiff",
    await halves(9, 9).tiff().toBuffer(),
    "unsupported_media_type",
  ],
  "that is markup": [
    "image/png",
    concat(`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>`),
    "unsupported_media_type",
  ],
  "that claims more than 50 megapixels": ["image/png", pngHeader(8_000, 8_000), "file_too_large"],
  "that claims to be as large as it can": [
    "image/png",
    pngHeader(100_000, 100_000),
    "file_too_large",
  ],
  "in avif of more than 20 megapixels": [
    "image/avif",
    await halves(5_000, 4_001).avif({ effort: 0, quality: 1 }).toBuffer(),
    "file_too_large",
  ],
  "that is a decompression bomb": [
    "image/png",
    await sharp({ create: { width: 7_200, height: 7_200, channels: 3, background: "red" } })
      .png().toBuffer(),
    "file_too_large",
  ],
  "whose frames have more than 100 megapixels in all": [
    "image/gif",
    largeGif(2_000, 2_000),
    "file_too_large",
  ],
};
for (const format of ["jpeg", "png", "gif", "webp", "avif"] as const) {
  const whole = await grain.clone().toFormat(format).toBuffer();
  REFUSED[`in ${format} that breaks off`] = [
    `image/${format}`,
    whole.subarray(0, whole.length >> 1),
    "unsupported_media_type",
  ];
}

for (const [what, [type, bytes, code]] of Object.entries(REFUSED)) {
  Deno.test(`a picture ${what} is refused, also as an avatar`, async () => {
    await assert.rejects(clean(type, bytes), { name: "ChatError", code });
    if (what.includes("another type")) return;
    await assert.rejects(images.avatar("ada", bytes), { name: "ChatError", code });
  });
}

Deno.test("an avatar is the middle of the picture as a still square, never enlarged", async () => {
  const wide = await images.avatar("ada", await halves(2_000, 800).png().toBuffer());
  const { width, height, format } = await sharp(wide).metadata();
  assert.deepEqual([width, height, format], [AVATAR_SIDE, AVATAR_SIDE, "webp"]);
  isNear(await pixel(wide, 10, 256), [255, 0, 0]);
  isNear(await pixel(wide, 500, 256), [0, 0, 255]);
  const small = await sharp(await images.avatar("ada", await frames(30, 20, 3).gif().toBuffer()))
    .metadata();
  assert.deepEqual([small.width, small.height, small.pages ?? 1], [20, 20, 1]);
});

Deno.test("an avatar tells nothing beside its pixels", async () => {
  const source = await halves(60, 40).withExif(PLACE).withXmp(XMP).withIccProfile("p3").jpeg()
    .toBuffer();
  const { exif, xmp, icc } = await sharp(await images.avatar("ada", source)).metadata();
  assert.deepEqual([exif, xmp, icc], [undefined, undefined, undefined]);
});

Deno.test("few pictures are held at once, some more wait, and one too many is refused", async () => {
  const queue = new Images(1);
  let [held, most] = [0, 0];
  const read = () => {
    most = Math.max(most, ++held);
    return Promise.resolve(photo);
  };
  const work = () =>
    queue.clean(
      "ada",
      "image/jpeg",
      Infinity,
      read,
      ({ width }) => Promise.resolve(held-- && width),
    );
  const answers = await Promise.allSettled(Array.from({ length: 100 }, work));
  const kept = answers.filter(({ status }) => status === "fulfilled");
  const refused = answers.flatMap((each) => each.status === "rejected" ? [each.reason] : []);
  assert.ok(most <= 2, `${most} pictures were held`);
  assert.ok(kept.length >= 64 && kept.length <= 66, `${kept.length} were kept`);
  assert.deepEqual(new Set(refused.map(({ code }) => code)), new Set(["unavailable"]));
  assert.equal(queue.waiting, 0);
});

Deno.test("one user's pictures do not wait for all of another's", async () => {
  const queue = new Images(1);
  const done: string[] = [];
  const allWait = Promise.withResolvers<void>();
  const upload = async (ownerId: string) => {
    const file = { ownerId, blobKey: newBlobKey("files"), quotaBytes: 100_000 } as File;
    const put = () => allWait.promise.then(() => photo.length);
    const dependencies = { images: queue, blobs: { put }, fileLimits: { maxFileSize: 100_000 } };
    const bytes = new Blob([photo]).stream();
    await storeImage(dependencies as unknown as UploadDependencies, file, "image/jpeg", bytes);
    done.push(ownerId);
  };
  const makeAvatar = async (userId: string) => {
    await queue.avatar(userId, photo);
    done.push(userId);
  };
  const hers = Array.from({ length: 25 }, () => upload("ada"));
  const everyoneWaits = (count: number) =>
    until(() => queue.waiting === count, `${count} pictures wait`);
  await everyoneWaits(hers.length);
  const others = [upload("bob"), makeAvatar("cy")];
  await everyoneWaits(hers.length + others.length);
  allWait.resolve();
  await Promise.all([...hers, ...others]);
  // Two of hers were under way, one was next, and two may end at the same time.
  assert.ok(["bob", "cy"].every((user) => done.indexOf(user) < 8), done.join(" "));
});

Deno.test("who has too many pictures waiting is refused one more, and others are not", async () => {
  const queue = new Images(1);
  const clean = (user: string) =>
    queue.clean(
      user,
      "image/jpeg",
      Infinity,
      () => Promise.resolve(photo),
      () => Promise.resolve(),
    );
  const many = Promise.allSettled(Array.from({ length: 70 }, () => clean("ada")));
  const refused = assert.rejects(clean("ada"), { code: "unavailable" });
  await clean("bob");
  await refused;
  await many;
});
