/** The canonical form of web origins (RFC 6454), which settings and requests are compared in. */

/** Scheme and authority, and at most the slash that people copy with them. */
const ORIGIN = /^([a-z][a-z\d+.-]*):\/\/([^\s/?#\\@]+)\/?$/i;
const HOST = /^(?:[a-z\d._~-]+|\[[\da-f:.]+\])(?::\d+)?$/i;
/** Schemes whose pages send another `Origin`, or `null`. */
const NEVER_SENT = [
  "about",
  "blob",
  "data",
  "file",
  "filesystem",
  "ftp",
  "javascript",
  "ws",
  "wss",
];
const MAX_SHOWN = 100;

/**
 * An origin in the one form in which it is compared: scheme and host in lower case, names in
 * Punycode, without the scheme's default port. Schemes of app shells (`capacitor://localhost`),
 * whose origin a URL parser calls opaque, have one as well: their web views send it.
 * @returns null if the text is not an origin
 */
export function canonicalOrigin(text: string): string | null {
  const [, scheme, authority] = ORIGIN.exec(text) ?? [];
  if (scheme === undefined || NEVER_SENT.includes(scheme.toLowerCase())) return null;
  const url = URL.parse(`${scheme}://${authority}`);
  if (!url || !HOST.test(url.host)) return null;
  return `${url.protocol}//${url.host}`.toLowerCase();
}

/**
 * What is wrong with an item of a list of origins, and the fix, to be read after the list's name.
 * @param item for which {@linkcode canonicalOrigin} is null
 */
export function describeBadOrigin(item: string): string {
  const shown = JSON.stringify(withoutUserInfo(item).slice(0, MAX_SHOWN));
  return `holds ${shown}, ${fault(item)}`;
}

function fault(item: string): string {
  const [, scheme, authority = ""] = /^([a-z][a-z\d+.-]*):\/\/([^/?#\\]*)/i.exec(item) ?? [];
  if (item === "null") {
    return "which every sandboxed frame and local file sends; serve the page from an origin";
  }
  if (item.includes("*")) return "which is a wildcard; list each origin";
  if (authority.includes("@")) return "which has a user name; remove it";
  if (/^wss?$/i.test(scheme ?? "")) {
    return `which is not a page's; write ${scheme!.replace(/^ws/i, "http")}://${authority}`;
  }
  if (scheme === undefined && canonicalOrigin(`https://${item}`) !== null) {
    return `which has no scheme; write https://${item} or http://${item}`;
  }
  const origin = canonicalOrigin(`${scheme}://${authority}`);
  if (origin !== null) return `which is more than an origin; write ${origin}`;
  return "which is not an origin; write scheme://host[:port], comma-separated, no path";
}

function withoutUserInfo(item: string): string {
  return item.replace(/^([a-z][a-z\d+.-]*:\/\/)?[^/?#\\]*@/i, "$1…@");
}
