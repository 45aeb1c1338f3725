/** Files that change only with the server: compressed once, cached by browsers, revalidated by ETag. */
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Context } from "hono";
import { getMimeType } from "hono/utils/mime";
import { acceptsGzip } from "./compression.ts";

const compress = promisify(gzip);

/** A text or picture that is the same for every client. */
export interface Asset {
  contentType: string;
  etag: string;
  plain: Uint8Array<ArrayBuffer>;
  /** Null if it would not be shorter, as of a picture. */
  gzip: Uint8Array<ArrayBuffer> | null;
}

export async function makeAsset(
  content: string | Uint8Array<ArrayBuffer>,
  contentType: string,
): Promise<Asset> {
  const plain = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", plain));
  const compressed = new Uint8Array(await compress(plain));
  return {
    contentType,
    // Weak: plain and compressed are the same text in different bytes.
    etag: `W/"${digest.toBase64({ alphabet: "base64url", omitPadding: true })}"`,
    plain,
    gzip: compressed.length < plain.length ? compressed : null,
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
  if (!gzip || !acceptsGzip(c)) return c.body(plain, 200, headers);
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
   * @param path its own, or those of several files that are served as one
   * @param contentType by default that of the first file's name
   */
  async answer(
    c: Context,
    path: string | readonly string[],
    contentType = getMimeType([path].flat()[0]!)!,
  ): Promise<Response> {
    const asset = await this.#find([path].flat(), contentType);
    return asset ? answerAsset(c, asset) : c.notFound();
  }

  async #find(paths: string[], contentType: string): Promise<Asset | null> {
    const files = await Promise.all(paths.map((path) => Deno.stat(path).catch(() => null)));
    if (!files.every((file) => file?.isFile)) return null;
    const version = files.map((file) => `${file!.mtime?.getTime()} ${file!.size}`).join();
    const key = paths.join();
    const known = this.#made.get(key);
    if (known?.version === version) return await known.asset;
    const asset = this.#make(paths, contentType);
    this.#made.set(key, { version, asset });
    asset.catch(() => this.#made.delete(key));
    return await asset;
  }

  async #make(paths: string[], contentType: string): Promise<Asset> {
    if (contentType.startsWith("image/png")) {
      return await makeAsset(await Deno.readFile(paths[0]!), contentType);
    }
    const texts = await Promise.all(paths.map((path) => Deno.readTextFile(path)));
    return await makeAsset(this.#transform(texts.join("\n")), contentType);
  }
}

/** Whether the client's copy is this version (RFC 9110, 13.1.2: weak comparison). */
function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  const opaque = (tag: string) => tag.trim().replace(/^W\//, "");
  return ifNoneMatch.split(",").some((tag) => opaque(tag) === opaque(etag));
}
