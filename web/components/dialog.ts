/** A modal dialog: the browser keeps the focus in it, and closes it on Escape. */
import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "./icon.ts";

export interface DialogProps {
  title: string;
  onClose(): void;
  children: ComponentChildren;
}

export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const isGone = useRef(false);
  // Before the next event, which would go to what is behind the dialog.
  useLayoutEffect(() => {
    const shown = dialog.current!;
    shown.showModal();
    // Also who has done what it asks for is back where they were, not only after Escape.
    return () => {
      isGone.current = true;
      shown.close();
    };
  }, []);
  // The dialog itself is what is behind its content.
  const leave = ({ target }: Event) => target === dialog.current && dialog.current!.close();
  return html`
    <dialog class="dialog" ref=${dialog} aria-labelledby=${titleId}
      onClose=${() => isGone.current || onClose()} onMouseDown=${leave}>
      <div class="dialog-content">
        <div class="dialog-head">
          <h2 id=${titleId}>${title}</h2>
          <button class="quiet close" type="button" aria-label="Close"
            onClick=${() => dialog.current!.close()}><${Icon} name="close" /></button>
        </div>
        ${children}
      </div>
    </dialog>
  `;
}
