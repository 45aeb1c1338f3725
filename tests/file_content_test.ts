/** What files are found to be, whatever they say, and which are refused. */
import assert from "node:assert/strict";
import { detectType, HEAD_BYTES, isInline } from "../src/services/files/file_types.ts";
import { cleanFileName, contentDisposition } from "../src/services/files/file_names.ts";
import { concat, frames, halves, pngHeader, zip } from "./harness/pictures.ts";

const OOXML = "application/vnd.openxmlformats-officedocument";
const box = (brand: string) =>
  concat(Uint8Array.of(0, 0, 0, 20), `ftyp${brand}`, new Uint8Array(8));
const pad = (...parts: (Uint8Array | string)[]) => concat(...parts, new Uint8Array(600));
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`;
const HTML = "<!doctype html><script>alert(1)</script>";
const webm = pad(
  Uint8Array.of(0x1a, 0x45, 0xdf, 0xa3, 0x87, 0x42, 0x82, 0x84),
  "webm",
  Uint8Array.of(0x18, 0x53, 0x80, 0x67),
);
const office = (type: string) =>
  zip({
    "[Content_Types].xml": `<Types><Override PartName="/a" ContentType="${type}"/></Types>`,
    "word/document.xml": "<w/>",
  });
const compound = pad(Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1));
const jpeg = await halves(20, 10).jpeg().toBuffer();
const png = await halves(20, 10).png().toBuffer();
const gif = await frames(8, 8, 2).gif().toBuffer();

/** Each file: its bytes, the type and name it is sent with, and the type that it is kept as, or null. */
const FILES: Record<string, [bytes: Uint8Array | string, sent: string, type: string | null]> = {
  "a JPEG": [jpeg, "image/jpeg photo.jpg", "image/jpeg"],
  "a PNG": [png, "image/png a.png", "image/png"],
  "a GIF": [gif, "image/gif a.gif", "image/gif"],
  "a WebP": [await halves(9, 9).webp().toBuffer(), "image/webp a.webp", "image/webp"],
  "an AVIF": [await halves(9, 9).avif().toBuffer(), "image/avif a.avif", "image/avif"],
  "a PNG that is said to be a JPEG": [png, "image/jpeg photo.jpg", "image/png"],
  "a PNG that is said to be HTML": [png, "text/html page.html", "image/png"],
  "a PNG without a declared type": [png, " a", "image/png"],
  "a GIF with a script behind it": [concat(gif, HTML), "image/gif a.gif", "image/gif"],
  "a JPEG with an archive behind it": [
    concat(jpeg, zip({ "a.txt": "A" })),
    "application/zip a.zip",
    "image/jpeg",
  ],
  "a script that begins like a GIF": [
    "GIF89a/*comment*/=1;alert(1)",
    "text/javascript a.js",
    "text/plain",
  ],
  "a script that is said to be a GIF": ["GIF89a/**/=1;alert(1)", "image/gif a.gif", null],
  "an SVG": [SVG, "image/svg+xml a.svg", null],
  "an SVG that is said to be a PNG": [SVG, "image/png a.png", null],
  "an SVG that is said to be text": [SVG, "text/plain a.svg", "text/plain"],
  "an XML document": [`<?xml version="1.0"?>${SVG}`, "application/xml a.xml", "text/plain"],
  "an HTML page": [HTML, "text/html a.html", "text/plain"],
  "an HTML page that is said to be audio": [HTML, "audio/mpeg a.mp3", "text/plain"],
  "a page that begins like an MP3": [`ID3${HTML}`, "audio/mpeg a.mp3", "text/plain"],
  "a page that begins like a bitmap": [`BM${HTML}`, "text/plain a.txt", "text/plain"],
  "a script": ["#!/bin/sh\nrm -rf /", "application/x-sh a.sh", "text/plain"],
  "JSON": [`{"a": 1}`, "application/json a.json", "text/plain"],
  "CSV in several scripts": ["名前;имя;اسم\n", "text/csv a.csv", "text/plain"],
  "text with a byte order mark": ["\ufeffHello", "text/plain a.txt", "text/plain"],
  "text with escapes of a terminal": ["\x1b[31mred\x1b[0m\r\n\f", "text/plain a.log", "text/plain"],
  "text with NUL": ["a\0b", "text/plain a.txt", null],
  "text in Latin-1": [Uint8Array.of(0x63, 0x61, 0x66, 0xe9), "text/plain a.txt", "text/plain"],
  "text in UTF-16": [Uint8Array.of(0xff, 0xfe, 0x61, 0), "text/plain a.txt", "text/plain"],
  "text in big-endian UTF-16": [Uint8Array.of(0xfe, 0xff, 0, 0x61), "text/csv a.csv", "text/plain"],
  "NUL in UTF-16": [Uint8Array.of(0xff, 0xfe, 0, 0), "text/plain a.txt", null],
  "an empty file": ["", "text/plain a.txt", null],
  "a PDF": ["%PDF-1.7\n%âãÏÓ\n1 0 obj", "application/pdf a.pdf", "application/pdf"],
  "a PDF of ASCII": ["%PDF-1.4\n1 0 obj", "text/html a.html", "application/pdf"],
  "an archive": [zip({ "a.txt": "A" }), "application/zip a.zip", "application/zip"],
  "a Word file": [
    office(`${OOXML}.wordprocessingml.document.main+xml`),
    "application/octet-stream a",
    `${OOXML}.wordprocessingml.document`,
  ],
  "a Word file with macros": [
    office("application/vnd.ms-word.document.macroEnabled.main+xml"),
    " a.docx",
    null,
  ],
  "a spreadsheet whose archive does not show it": [
    zip({ "docProps/app.xml": "<a/>" }),
    " a.xlsx",
    `${OOXML}.spreadsheetml.sheet`,
  ],
  "an OpenDocument text": [
    zip({ mimetype: "application/vnd.oasis.opendocument.text", "content.xml": "<a/>" }),
    " a.zip",
    "application/vnd.oasis.opendocument.text",
  ],
  "a Java archive": [
    zip({ "META-INF/MANIFEST.MF": "Manifest-Version: 1.0" }),
    "application/zip a.jar",
    null,
  ],
  "an old Word file": [compound, "application/msword A.DOC", "application/msword"],
  "an installer": [compound, "application/msword a.msi", null],
  "a Windows program": [pad("MZ", Uint8Array.of(0x90, 0)), "image/png a.png", null],
  "a Linux program": [pad(Uint8Array.of(0x7f), "ELF"), "text/plain a.txt", null],
  "a disk image": [pad("BZh91AY&SY"), " a.bz2", null],
  "a bitmap": [pad("BM"), "image/bmp a.bmp", null],
  "a HEIC photo": [pad(box("heic")), "image/heic a.heic", null],
  "a TIFF": [pad("II*", Uint8Array.of(0, 8, 0, 0, 0)), "image/tiff a.tif", null],
  "an MP3": [pad(Uint8Array.of(0xff, 0xfb, 0x90, 0x64)), "audio/mpeg a.mp3", "audio/mpeg"],
  "a WAV": [pad("RIFF\x24\0\0\0WAVEfmt "), "audio/x-wav a.wav", "audio/wav"],
  "a FLAC": [pad("fLaC"), "audio/flac a.flac", "audio/flac"],
  "an Opus recording": [
    pad("OggS\0\x02", new Uint8Array(22), "OpusHead"),
    "audio/ogg;codecs=opus a.opus",
    "audio/ogg",
  ],
  "an M4A": [pad(box("M4A ")), "audio/mp4 a.m4a", "audio/mp4"],
  "an MP4": [pad(box("isom")), "video/mp4 a.mp4", "video/mp4"],
  "an MP4 of sound alone": [pad(box("isom")), "audio/mp4 a.m4a", "audio/mp4"],
  "a QuickTime film": [pad(box("qt  ")), "video/quicktime a.mov", "video/quicktime"],
  "a WebM": [webm, "video/webm;codecs=vp9 a.webm", "video/webm"],
  "a WebM of sound alone": [webm, "audio/webm;codecs=opus a.webm", "audio/webm"],
  "a WebM that is said to be an image": [webm, "image/webp a.webp", null],
};

for (const [what, [bytes, sent, type]] of Object.entries(FILES)) {
  Deno.test(`${what} is ${type === null ? "refused" : `kept as ${type}`}`, async () => {
    const [declared, name] = sent.split(/ (?=\S*$)/) as [string, string];
    const found = detectType(concat(bytes).subarray(0, HEAD_BYTES), declared || null, name);
    if (type !== null) return assert.equal(await found, type);
    await assert.rejects(found, { name: "ChatError", code: "unsupported_media_type" });
  });
}

Deno.test("text whose head ends within a character is text", async () => {
  const text = concat("a", "é".repeat(HEAD_BYTES)).subarray(0, HEAD_BYTES);
  assert.equal(await detectType(text, null, "a.txt"), "text/plain");
});

Deno.test("only images, audio and video are shown in their place", () => {
  const shown = ["image/png", "audio/mpeg", "video/webm"];
  const others = ["text/plain", "application/pdf", "application/zip", "application/msword"];
  assert.deepEqual([...shown, ...others].filter(isInline), shown);
});

Deno.test("a header of a PNG is found to be one, whatever size it claims", async () => {
  assert.equal(await detectType(pngHeader(1_000_000, 1_000_000), null, "a"), "image/png");
});

/** What names of files become. */
const NAMES: Record<string, string> = {
  "photo.jpg": "photo.jpg",
  "Ünïcödé 名前.txt": "Ünïcödé 名前.txt",
  "cafe\u0301.txt": "café.txt",
  "../../etc/passwd": "passwd",
  "C:\\Users\\ada\\photo.jpg": "photo.jpg",
  "/": "file",
  "": "file",
  "..": "file",
  " . . ": "file",
  "\u200b\u2800": "file",
  ".htaccess": "htaccess",
  "a.txt.": "a.txt",
  "a\0b\r\nSet-Cookie: x.txt": "abSet-Cookie_ x.txt",
  "photo\u202egpj.exe": "photogpj.exe",
  "\u2066a\u2069.txt": "a.txt",
  'a<b>:"c"|d?*.txt': "a_b___c__d__.txt",
  "\ud800a\udfff.txt": "\ufffda\ufffd.txt",
  "con": "_con",
  "NUL.txt": "_NUL.txt",
  "COM1.tar.gz": "_COM1.tar.gz",
  "console.log": "console.log",
  [`${"a".repeat(300)}.jpg`]: `${"a".repeat(251)}.jpg`,
  [`${"😀".repeat(200)}.jpg`]: `${"😀".repeat(125)}.jpg`,
  [`a.${"b".repeat(300)}`]: `a.${"b".repeat(253)}`,
  [`${"a".repeat(254)}. b`]: "a".repeat(254),
};

for (const [name, clean] of Object.entries(NAMES)) {
  Deno.test(`the name ${JSON.stringify(name).slice(0, 40)} is safe to save`, () => {
    assert.equal(cleanFileName(name), clean);
    assert.equal(cleanFileName(clean), clean);
  });
}

Deno.test("the header of a download has a name in ASCII and, if it has more, one in UTF-8", () => {
  assert.equal(contentDisposition("a.txt", true), "inline; filename=a.txt");
  assert.equal(
    contentDisposition('a"; filename=b.html', false),
    'attachment; filename="a\\"; filename=b.html"',
  );
  assert.equal(
    contentDisposition("名前 €.txt", false),
    "attachment; filename=\"?? ?.txt\"; filename*=UTF-8''%E5%90%8D%E5%89%8D%20%E2%82%AC.txt",
  );
});

Deno.test("every clean name fits into a header", () => {
  for (const name of Object.keys(NAMES)) {
    for (const inline of [true, false]) {
      new Headers({ "content-disposition": contentDisposition(cleanFileName(name), inline) });
    }
  }
});
