/** Files that change only with the server: compressed once, cached by browsers, revalidated by ETag. */
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Context } from "hono";
import { getMimeType } from "hono/utils/mime";
import { acceptsGzip } from "./compression.ts";

const compress = promisify(gzip);

/** A text that is the same for every client. */
export interface Asset {
  contentType: string;
  etag: string;
  plain: Uint8Array<ArrayBuffer>;
  gzip: Uint8Array<ArrayBuffer>;
}

export async function makeAsset(text: string, contentType: string): Promise<Asset> {
  const plain = new TextEncoder().encode(text);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", plain));
  return {
    contentType,
    // Weak: plain and compressed are the same text in different bytes.
    etag: `W/"${digest.toBase64({ alphabet: "base64url", omitPadding: true })}"`,
    plain,
    gzip: new Uint8Array(await compress(plain)),
  };
}

/** Answers with an asset, or with 304 if the client has it. Clients revalidate each time. */
export function answerAsset(c: Context, { contentType, etag, plain, gzip }: Asset): Response {
  const headers: Record<string, string> = {
    "Cache-Control": "no-cache",
    "ETag": etag,
    "Vary": "Accept-Encoding",
  };
  if (isKnown(c.req.header("if-none-match"), etag)) return c.body(null, 304, headers);
  headers["Content-Type"] = contentType;
  if (!acceptsGzip(c)) return c.body(plain, 200, headers);
  return c.body(gzip, 200, { ...headers, "Content-Encoding": "gzip" });
}

/** Files as assets, each made again when it has changed. */
export class AssetFiles {
  readonly #made = new Map<string, { version: string; asset: Promise<Asset> }>();
  readonly #transform: (text: string) => string;

  /** @param transform from a file's text to what is served */
  constructor(transform: (text: string) => string = (text) => text) {
    this.#transform = transform;
  }

  /**
   * Answers with a file, or 404 if there is none.
   * @param contentType by default that of the file's name
   */
  async answer(c: Context, path: string, contentType = getMimeType(path)!): Promise<Response> {
    const asset = await this.#find(path, contentType);
    return asset ? answerAsset(c, asset) : c.notFound();
  }

  async #find(path: string, contentType: string): Promise<Asset | null> {
    const file = await Deno.stat(path).catch(() => null);
    if (!file?.isFile) return null;
    const version = `${file.mtime?.getTime()} ${file.size}`;
    const known = this.#made.get(path);
    if (known?.version === version) return await known.asset;
    const asset = this.#make(path, contentType);
    this.#made.set(path, { version, asset });
    asset.catch(() => this.#made.delete(path));
    return await asset;
  }

  async #make(path: string, contentType: string): Promise<Asset> {
    return await makeAsset(this.#transform(await Deno.readTextFile(path)), contentType);
  }
}

/** Whether the client's copy is this version (RFC 9110, 13.1.2: weak comparison). */
function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  const opaque = (tag: string) => tag.trim().replace(/^W\//, "");
  return ifNoneMatch.split(",").some((tag) => opaque(tag) === opaque(etag));
}
