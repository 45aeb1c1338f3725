/** Parsers of settings; each error names the fault and the fix. */
import { isIP } from "node:net";
import ms from "ms";
import { z } from "zod";
import { canonicalOrigin, describeBadOrigin } from "../domain/origin.ts";

const SECRET_BYTES = 32;
/** As for accounts, in the protocol. */
const EMAIL = z.regexes.html5Email;
const MAX_EMAIL_LENGTH = 254;
const MIN_PASSWORD_LENGTH = 8;
const MAX_PASSWORD_BYTES = 72;
const MAX_WORKERS = 64;
/** Browsers keep no cookie for longer (RFC 6265bis). */
const MAX_DAYS = 400;

/** Control characters, line ends and what shows nothing, but not what joins emoji and letters. */
const INVISIBLE =
  /[\p{Cc}\p{Zl}\p{Zp}]|(?![\u200c\u200d\u{e0020}-\u{e007f}])(?=\p{Cf})\p{Default_Ignorable_Code_Point}/u;

/** Text on one line, without the space, line ends and byte-order marks around it. */
export function text() {
  return z.string().trim()
    .refine((value) => !INVISIBLE.test(value), {
      error: "holds a line break or another invisible character; remove it",
      abort: true,
    })
    .refine((value) => !/^(["'`]).*\1$/.test(value), {
      error: "is in quotes, which would be part of the value; remove them",
      abort: true,
    });
}

export function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return text().pipe(z.enum(values, {
    error: ({ input }) => `is ${quote(input)}; set it to ${values.join(" or ")}`,
  }));
}

export function wholeNumber(min: number, max: number) {
  const error = ({ input }: { input?: unknown }) =>
    `is ${quote(input)}; set it to a whole number from ${min} to ${max}`;
  return text().pipe(z.string().regex(/^\d{1,9}$/, { error, abort: true })).transform(Number)
    .pipe(z.number().min(min, { error }).max(max, { error }));
}

/** A number of workers; `auto` is one for each core. */
export function workers() {
  return text().transform((value, context) => {
    if (value === "auto") return Math.min(navigator.hardwareConcurrency, MAX_WORKERS);
    const count = /^\d{1,2}$/.test(value) ? Number(value) : 0;
    if (count >= 1 && count <= MAX_WORKERS) return count;
    context.addIssue(
      `is ${quote(value)}; set it to auto or a whole number from 1 to ${MAX_WORKERS}`,
    );
    return z.NEVER;
  });
}

/** A length of time such as `15m` or `7d`, in seconds. */
export function duration() {
  return text().transform((value, context) => {
    const seconds = secondsOf(value);
    if (seconds !== null) return seconds;
    context.addIssue(
      `is ${quote(value)}; set it to a time from 1s to ${MAX_DAYS}d, such as 15m or 7d`,
    );
    return z.NEVER;
  });
}

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1_024,
  MB: 1_024 ** 2,
  GB: 1_024 ** 3,
  TB: 1_024 ** 4,
};

/** A number of bytes such as `25MB`, of which 1 KB has 1,024 as in nginx's `25m`. */
export function byteSize(min: string, max: string) {
  const [least, most] = [bytesOf(min)!, bytesOf(max)!];
  return text().transform((value, context) => {
    const bytes = bytesOf(value);
    if (bytes !== null && bytes >= least && bytes <= most) return bytes;
    context.addIssue(`is ${quote(value)}; set it to a size from ${min} to ${max}, such as 25MB`);
    return z.NEVER;
  });
}

function bytesOf(value: string): number | null {
  const [, number, unit = "B"] = value.match(/^(\d{1,15}(?:\.\d{1,3})?) ?([KMGT]?B)?$/i) ?? [];
  return number === undefined ? null : Math.floor(Number(number) * UNITS[unit.toUpperCase()]!);
}

/** A length of time in seconds, or `off`. */
export function durationOrOff() {
  return text().transform((value, context): number | "off" => {
    const seconds = value === "off" ? value : secondsOf(value);
    if (seconds !== null) return seconds;
    context.addIssue(
      `is ${quote(value)}; set it to off, or a time from 1s to ${MAX_DAYS}d, such as 15m`,
    );
    return z.NEVER;
  });
}

function secondsOf(value: string): number | null {
  const milliseconds = /^\d/.test(value) ? ms(value as ms.StringValue) : undefined;
  const seconds = milliseconds === undefined ? 0 : Math.floor(milliseconds / 1000);
  return seconds >= 1 && seconds <= MAX_DAYS * 24 * 60 * 60 ? seconds : null;
}

/** Where to listen: a name or an address, IPv6 in brackets or without. */
export function host() {
  return text().transform((value) => value.replace(/^\[(.*)\]$/, "$1")).refine(isHost, {
    error: ({ input }) =>
      `is ${
        quote(input)
      }, which is no host name or address; write one such as 127.0.0.1 or ::1, and the port in PORT`,
  });
}

function isHost(value: string): boolean {
  return isIP(value) !== 0 || /^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i.test(value);
}

/** A secret; its value is never shown. */
export function secret() {
  return text().refine((value) => new TextEncoder().encode(value).length >= SECRET_BYTES, {
    error:
      `is shorter than ${SECRET_BYTES} bytes; make a longer one, for example with: openssl rand -base64 48`,
  });
}

/** A token that is sent in a header; its value is never shown. */
export function headerToken() {
  return text().refine((value) => /^[\x20-\x7e]*$/.test(value), {
    error: "holds characters that a header cannot carry; make one of letters and digits",
  });
}

/** Comma-separated emails, each once and lower-cased. */
export function emails() {
  return text().transform((value, context) => {
    const items = value.split(",").map((item) => item.trim().toLowerCase()).filter(Boolean);
    const bad = items.find((item) => item.length > MAX_EMAIL_LENGTH || !EMAIL.test(item));
    if (bad !== undefined) {
      context.addIssue(`holds ${quote(bad)}; list email addresses, separated by commas`);
    }
    return [...new Set(items)];
  });
}

/** A password as people choose it at registration; its value is never shown. */
export function password() {
  return text().transform((value) => value.normalize("NFC")).refine((value) => {
    const { length } = new TextEncoder().encode(value);
    return [...value].length >= MIN_PASSWORD_LENGTH && length <= MAX_PASSWORD_BYTES;
  }, {
    error:
      `is not a password; set one of ${MIN_PASSWORD_LENGTH} characters to ${MAX_PASSWORD_BYTES} bytes`,
  });
}

/** The MongoDB connection string; its value, which may hold a password, is never shown. */
export function mongodbUri() {
  return text().refine((value) => /^mongodb(\+srv)?:\/\/./.test(value), {
    error:
      "is not a MongoDB connection string; write mongodb://host:27017/echoroom, or unset it for SQLite",
  });
}

/** The address of a Redis database; its value, which may hold a password, is never shown. */
export function redisUrl() {
  return text().refine((value) => /^rediss?:\/\/./.test(value), {
    error: "is not a Redis URL; write redis://host:6379, or unset it",
    abort: true,
  }).refine(isRedisUrl, {
    error:
      "cannot be read; write redis://user:password@host:6379/0 and percent-encode special characters of the password, such as / as %2F and @ as %40",
  });
}

function isRedisUrl(value: string): boolean {
  const url = URL.parse(value);
  if (!url || url.hostname === "" || !/^\/?\d*$/.test(url.pathname)) return false;
  // A raw @ would be taken as it is by some parsers and end the password for others.
  return [url.username, url.password].every(isPercentEncoded);
}

function isPercentEncoded(part: string): boolean {
  try {
    decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

/** The URL of an S3-compatible service, without a slash at its end. */
export function s3Endpoint() {
  return text().refine(
    (value) => /^https?:\/\/[^/?#@]+(\/[^?#]*)?$/.test(value) && URL.canParse(value),
    {
      error:
        "is not the URL of an S3 service; write https://s3.eu-central-1.amazonaws.com, without the bucket",
    },
  ).transform((value) => value.replace(/\/+$/, ""));
}

/** The name of an S3 bucket. */
export function s3Bucket() {
  return text().refine((value) => /^[a-z\d][a-z\d.-]{1,61}[a-z\d]$/.test(value), {
    error: "is not a bucket's name; write 3 to 63 lower-case letters, digits, dots and hyphens",
  });
}

/** Comma-separated origins, each once and in canonical form. */
export function origins() {
  // A list in YAML may have a line break after a comma.
  const oneLine = z.string().transform((value) => value.replaceAll(/\s*,\s*/g, ","));
  return oneLine.pipe(text()).transform((value, context) => {
    const items = value.split(",").filter((item) => item !== "");
    const bad = items.filter((item) => canonicalOrigin(item) === null);
    if (bad.length > 0) context.addIssue(bad.map(describeBadOrigin).join("; and "));
    return [...new Set(items.flatMap((item) => canonicalOrigin(item) ?? []))];
  });
}

export function quote(value: unknown): string {
  return JSON.stringify(value);
}
