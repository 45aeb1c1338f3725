/** How many characters a field of messages has left, shown once they are few; too many are not cut off. */
import { html } from "htm/preact";
import type { VNode } from "preact";
import { useId, useState } from "preact/hooks";
import { MAX_TEXT_LENGTH } from "../../src/protocol/wire/limits.ts";

/** Below this many remaining characters their number is shown. */
const FEW_LEFT = 200;

interface CharactersLeft {
  /** Counts them, to be called when the text has changed; below 0 it is too long to send. */
  count(): number;
  /** Whether it was, when they were counted last. */
  isOver: boolean;
  /** Those of the field. */
  attributes: Record<string, string | null>;
  view: VNode;
}

export function useCharactersLeft(
  input: { readonly current: HTMLTextAreaElement | null },
): CharactersLeft {
  const id = useId();
  const [left, setLeft] = useState(MAX_TEXT_LENGTH);
  const isOver = left < 0;
  const count = () => {
    const left = MAX_TEXT_LENGTH - lengthOf(input.current!.value.trim());
    setLeft(left);
    return left;
  };
  // A screen reader should not announce each of the last characters.
  return {
    count,
    isOver,
    attributes: { "aria-describedby": id, "aria-invalid": isOver ? "true" : null },
    view: html`
      <p class=${`characters ${isOver ? "fault" : ""}`} id=${id}
        aria-live=${isOver ? "polite" : "off"}>${left > FEW_LEFT ? "" : describe(left)}</p>
    ` as VNode,
  };
}

/** As the server counts: code points, not UTF-16 units. */
function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

function describe(left: number): string {
  const count = Math.abs(left).toLocaleString();
  if (left >= 0) return `${count} characters left`;
  return `${count} ${left === -1 ? "character" : "characters"} too many to send`;
}
