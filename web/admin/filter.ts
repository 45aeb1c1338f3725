/** Around a filter that is either a search, or what was found and a way to take that away. */
import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

export function Filter({ chosen, children }: {
  /** What it filters by; `""` for nothing. */
  chosen: string;
  children: ComponentChildren;
}) {
  const place = useRef<HTMLDivElement>(null);
  const before = useRef(chosen);
  useEffect(() => {
    const isChanged = before.current !== chosen;
    before.current = chosen;
    // What had the focus is gone.
    if (!isChanged || document.activeElement !== document.body) return;
    place.current!.querySelector<HTMLElement>("input, button, a")!.focus();
  }, [chosen]);
  return html`<div class=${chosen ? "room-filter" : "chooser"} ref=${place}>${children}</div>`;
}
