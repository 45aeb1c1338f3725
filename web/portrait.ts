/** Someone's picture, or their initial where there is none that can be shown. */
import type { PublicUser } from "../src/client/mod.ts";
import { element } from "./dom.ts";

const HUES = 12;

export function portrait({ id, displayName, avatarUrl }: PublicUser): HTMLElement {
  const initial = [...displayName][0]?.toUpperCase() ?? "?";
  const place = element("span", { className: "portrait", ariaHidden: "true" }, initial);
  place.dataset.hue = String(hueOf(id));
  if (!avatarUrl?.startsWith("https://")) return place;
  const picture = element("img", { alt: "", referrerPolicy: "no-referrer", src: avatarUrl });
  picture.addEventListener("load", () => place.replaceChildren(picture));
  return place;
}

/** The same for one person everywhere. */
function hueOf(id: string): number {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.codePointAt(0)!) % 1_000_003;
  return sum % HUES;
}
