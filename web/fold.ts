/** Text as it is compared: without case and accents. */

/** Folds case, accents and compatibility forms: `Žoë` and `ＺＯＥ` become `zoe`. */
export function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{Mn}/gu, "").toLowerCase().replaceAll("ß", "ss");
}
