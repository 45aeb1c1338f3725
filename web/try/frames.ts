/** The frames of a connection, newest last, each to be opened. */
import { html } from "htm/preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { memo } from "../memo.ts";
import type { FrameLog, Record } from "./frame_log.ts";

const NEAR_PX = 40;

export function Frames({ name, log }: { name: string; log: FrameLog }) {
  const list = useRef<HTMLOListElement>(null);
  const { scrollHeight = 0, scrollTop = 0, clientHeight = 0 } = list.current ?? {};
  const follows = scrollHeight - scrollTop - clientHeight < NEAR_PX;
  useLayoutEffect(() => {
    if (follows) list.current!.scrollTop = list.current!.scrollHeight;
  });
  return html`
    <ol ref=${list} tabindex="0" aria-label="${name}'s frames">
      ${log.records.value.map((record) => html`<${Frame} key=${record.number} record=${record} />`)}
    </ol>
  `;
}

const ARROWS = { sent: "→", received: "←", note: "·" };

const Frame = memo(({ record: { direction, title, text } }: { record: Record }) => {
  const line = `${ARROWS[direction]} ${title}`;
  if (!text) return html`<li class=${direction}>${line}</li>`;
  return html`
    <li>
      <details>
        <summary class=${direction}>${line}</summary>
        <pre>${text}</pre>
      </details>
    </li>
  `;
});
