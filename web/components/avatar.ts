/** A user's avatar, or their initial if there is no picture that can be shown. */
import { html } from "htm/preact";
import { useState } from "preact/hooks";
import type { PublicUser } from "../../src/client/mod.ts";

/** Of pictures elsewhere, and of those that this server keeps. */
const SHOWN = /^(https:\/)?\/(?!\/)/;

export interface AvatarProps {
  user: PublicUser;
  /** For the mouse: what it does is offered beside it, too. */
  onClick?: (() => void) | undefined;
}

export function Avatar({ user: { id, displayName, avatarUrl }, onClick }: AvatarProps) {
  const [loaded, setLoaded] = useState("");
  const initial = [...displayName][0]?.toUpperCase() ?? "?";
  const isShown = avatarUrl !== null && loaded === avatarUrl;
  return html`
    <span class="avatar" aria-hidden="true" style=${{ "--hue": String(hueOf(id)) }}
      onClick=${onClick}>
      ${isShown ? null : initial}
      ${avatarUrl && SHOWN.test(avatarUrl) && html`
        <img alt="" referrerpolicy="no-referrer" src=${avatarUrl} hidden=${!isShown}
          onLoad=${() => setLoaded(avatarUrl)} />
      `}
    </span>
  `;
}

/** In degrees, the same for one person everywhere (FNV-1a). */
function hueOf(id: string): number {
  let hash = 0x811c9dc5;
  for (const character of id) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193);
  return (hash >>> 0) % 360;
}
