/** A client's address in the one form that limits count by. */
import type { Context } from "hono";
import ipaddr from "ipaddr.js";
import { LRUCache } from "lru-cache";
import type { Env } from "./context.ts";

/** UTF-16 units of an address with brackets, zone, port and quotes; more is not one. */
const MAX_LENGTH = 100;
const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
/**
 * An address and a port, which may be empty (RFC 3986, 3.2.3): in brackets, or where the address is
 * complete without it, as IPv4 is and IPv6 of eight groups or with IPv4 at its end.
 */
const WITH_PORT =
  /^(?:\[([^\]]+)\]|((?:[\da-f:]*:)?\d+(?:\.\d+){3}|(?:[\da-f]{1,4}:){7}[\da-f]{1,4})):\d{0,5}$/i;
const BRACKETED = /^\[([^\]]+)\]$/;
/** The latest addresses with what they are counted by: parsing one of IPv6 takes 10 µs. */
const known = new LRUCache<string, string>({ max: 10_000 });

/**
 * The client's address: the peer's, or the one that the outermost trusted proxy saw. If that
 * is not an address, it is the peer's.
 * @param trustProxy how many proxies, which append to `X-Forwarded-For`, are trusted
 * @returns as {@linkcode countedAddress}
 */
export function clientAddress(c: Context<Env>, trustProxy: number): string {
  const forwarded = trustProxy === 0 ? undefined : c.req.header("x-forwarded-for");
  const hops = forwarded?.split(",") ?? [];
  const hop = hops.at(-trustProxy) ?? hops[0] ?? "";
  return countedAddress(hop) ?? countedAddress(c.env?.remoteAddr?.hostname ?? "") ?? "unknown";
}

/**
 * What an address is counted by: IPv4 as it is, also where it is mapped into IPv6 (RFC 4291) or
 * translated (RFC 6052), and of IPv6 the /64 network, all of which one customer has (RFC 6177).
 * @param text with or without brackets, quotes, zone (RFC 4007) and port
 * @returns null if the text is not an address
 */
export function countedAddress(text: string): string | null {
  const before = known.get(text);
  if (before !== undefined) return before;
  if (text.length > MAX_LENGTH) return null;
  const bare = text.trim().replace(/^"(.*)"$/, "$1");
  const [, bracketed, complete] = WITH_PORT.exec(bare) ?? BRACKETED.exec(bare) ?? [];
  const address = bracketed ?? complete ?? bare;
  const counted = countedIpv4(address) ?? countedIpv6(address);
  if (counted !== null) known.set(text, counted);
  return counted;
}

function countedIpv4(text: string): string | null {
  const bytes = IPV4.exec(text)?.slice(1).map(Number);
  if (!bytes || bytes.some((byte) => byte > 255)) return null;
  return bytes.join(".");
}

function countedIpv6(text: string): string | null {
  const [address = ""] = text.split("%", 1);
  if (!ipaddr.IPv6.isValid(address)) return null;
  const parsed = ipaddr.IPv6.parse(address);
  return embeddedIpv4(parsed) ?? networkOf(parsed);
}

function embeddedIpv4({ parts }: ipaddr.IPv6): string | null {
  const prefix = parts.slice(0, 6).join(":");
  if (prefix !== MAPPED && prefix !== TRANSLATED) return null;
  return parts.slice(6).flatMap((part) => [part >> 8, part & 255]).join(".");
}

/** `::ffff:0:0/96` and `64:ff9b::/96`. */
const MAPPED = [0, 0, 0, 0, 0, 0xffff].join(":");
const TRANSLATED = [0x64, 0xff9b, 0, 0, 0, 0].join(":");

function networkOf({ parts }: ipaddr.IPv6): string {
  return `${parts.slice(0, 4).map((part) => part.toString(16)).join(":")}::/64`;
}
