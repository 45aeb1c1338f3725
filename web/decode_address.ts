/** Decodes percent-encoding in addresses that people have typed. */

/** A malformed text is returned unchanged. */
export function decodeAddress(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
