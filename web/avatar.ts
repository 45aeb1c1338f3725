/** A user's avatar, or their initial if there is no picture that can be shown. */
import type { PublicUser } from "../src/client/mod.ts";
import { element } from "./dom.ts";

export function avatar({ id, displayName, avatarUrl }: PublicUser): HTMLElement {
  const initial = [...displayName][0]?.toUpperCase() ?? "?";
  const place = element("span", { className: "avatar", ariaHidden: "true" }, initial);
  place.style.setProperty("--hue", String(hueOf(id)));
  if (!avatarUrl?.startsWith("https://")) return place;
  const picture = element("img", { alt: "", referrerPolicy: "no-referrer", src: avatarUrl });
  picture.addEventListener("load", () => place.replaceChildren(picture));
  return place;
}

/** In degrees, the same for one person everywhere (FNV-1a). */
function hueOf(id: string): number {
  let hash = 0x811c9dc5;
  for (const character of id) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193);
  return (hash >>> 0) % 360;
}
