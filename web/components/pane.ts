/** What is beside the messages, or in their place where there is no space: a title, and what it shows. */
import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { OpenRoom } from "../rooms/open_room.ts";
import { Icon } from "./icon.ts";

export interface PaneProps {
  open: OpenRoom;
  title: string;
  children: ComponentChildren;
}

export function Pane({ open, title, children }: PaneProps) {
  const pane = useRef<HTMLElement>(null);
  // Before the next event: the focus may have been moved into the pane after a slow frame.
  useLayoutEffect(() => pane.current!.focus(), [title]);
  const close = () => {
    open.showPane(null);
    open.focusComposer();
  };
  return html`
    <aside class="pane" aria-label=${title} tabindex="-1" ref=${pane}
      onKeyDown=${({ key }: KeyboardEvent) => key === "Escape" && close()}>
      <header>
        <h2>${title}</h2>
        <button class="quiet close" type="button" aria-label="Close" onClick=${close}>
          <${Icon} name="close" />
        </button>
      </header>
      ${children}
    </aside>
  `;
}
