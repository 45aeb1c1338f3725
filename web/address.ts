/** The part of the page's address after `#`, which names a room by its id or slug. */

/** The room that the address names; `""` if it names none. */
export function addressedRoom(): string {
  return location.hash.startsWith("#/") ? decodeAddress(location.hash.slice(2)) : "";
}

/** The address of a room, for links. */
export function addressOf(idOrSlug: string): string {
  return `#/${encodeURIComponent(idOrSlug)}`;
}

/** Decodes percent-encoding; a malformed text is returned unchanged. */
export function decodeAddress(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
