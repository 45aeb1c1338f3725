/** Reads a `.env` file, in the encodings that editors save it in, without losing a line of it. */
import { ConfigError } from "./config_error.ts";
import { fileFault } from "./file_fault.ts";

export interface EnvFile {
  variables: Record<string, string>;
  /** A line for each part of the file that sets nothing and is no comment. */
  faults: string[];
}

/**
 * Reads lines of `NAME=value`, also with `export`, quotes, and values in quotes that go over several
 * lines. `#` begins a comment at the start of a line and after a space.
 * @returns nothing if there is no such file
 * @throws ConfigError if the file cannot be read
 */
export async function readEnvFile(path: string): Promise<EnvFile> {
  const bytes = await readBytes(path);
  return parse(decode(bytes).replaceAll(/\r\n?/g, "\n"));
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound && !await isLink(path)) return new Uint8Array();
    throw unreadable(fileFault(error));
  }
}

/** Whether there is a link, to nowhere, where there is no file. */
async function isLink(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

function decode(bytes: Uint8Array): string {
  const encoding = encodingOf(bytes);
  try {
    // The decoder drops the byte-order mark.
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return text;
  } catch {
    // Falls through to the one error for text that cannot be decoded.
  }
  throw unreadable("it is neither UTF-8 nor UTF-16; save it as UTF-8");
}

/** By its byte-order mark; without one, ASCII in UTF-16 has its zeros all in one half. */
function encodingOf(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  const zeros = [0, 0];
  bytes.forEach((byte, i) => byte === 0 && zeros[i % 2]!++);
  if (zeros[0] === 0 && zeros[1]! > 0) return "utf-16le";
  if (zeros[1] === 0 && zeros[0]! > 0) return "utf-16be";
  return "utf-8";
}

// Not `.`: it ends at U+2028 and U+2029, which are no line ends here.
const NOTHING = /\s*(?:#[^\n]*)?(?:\n|$)/y;
const NAME = /[^\S\n]*(?:export[^\S\n]+)?([\w.-]+)[^\S\n]*=[^\S\n]*/y;
const QUOTED = /(["'`])((?:(?!\1)[^])*)\1[^\S\n]*(?:#[^\n]*)?(?:\n|$)/y;
const BARE = /(?!["'`])([^\n]*?)(?:(?<=\s)#[^\n]*)?(?:\n|$)/y;
const LINE = /[^\n]*(?:\n|$)/y;

function parse(text: string): EnvFile {
  const variables: Record<string, string> = {};
  const faults: string[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at = pattern.lastIndex;
    return found;
  };
  while (at < text.length) {
    const start = at;
    if (take(NOTHING)) continue;
    const name = take(NAME)?.[1];
    const quoted = name && take(QUOTED);
    const bare = name && !quoted && take(BARE);
    if (quoted) variables[name] = unescape(quoted[1]!, quoted[2]!);
    else if (bare) variables[name] = bare[1]!.trim();
    else {
      faults.push(fault(text, start, name));
      take(LINE);
    }
  }
  return { variables, faults };
}

function unescape(quote: string, value: string): string {
  return quote === '"' ? value.replaceAll("\\n", "\n") : value;
}

/** Names the line only: what is on it may be a secret. */
function fault(text: string, at: number, name: string | undefined): string {
  const number = text.slice(0, at).split("\n").length;
  return name === undefined
    ? `.env has a line ${number} that is not NAME=value; write it so, or begin it with # for a comment`
    : `.env sets ${name} in line ${number} with a quote that does not end where its value does; put one quote before and one behind the value`;
}

function unreadable(reason: string): ConfigError {
  return new ConfigError(`.env cannot be read (${reason}); correct it, or remove it`);
}
