/** Picks an emoji: those used often, or any found by a word. */
import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type EmojiIndex, loadEmoji, presented } from "../text/emoji.ts";

/** How many are shown at once. */
const MAX_FOUND = 40;

interface EmojiPickerProps {
  /** Those used most. */
  frequent: string[];
  onPick(emoji: string): void;
  onClose(): void;
}

export function EmojiPicker({ frequent, onPick, onClose }: EmojiPickerProps) {
  const picker = useRef<HTMLDivElement>(null);
  const [index, setIndex] = useState<EmojiIndex | null>(null);
  const [query, setQuery] = useState("");
  useLayoutEffect(() => {
    const list = picker.current!.closest(".messages")?.getBoundingClientRect();
    const { bottom } = picker.current!.getBoundingClientRect();
    picker.current!.classList.toggle("above", list !== undefined && bottom > list.bottom);
    // Before the next event: somebody may search after a slow frame.
    picker.current!.querySelector<HTMLElement>(".emoji")!.focus();
  }, []);
  useEffect(() => {
    // Without a network those used often are there.
    loadEmoji().then(setIndex, () => {});
    const outside = ({ target }: Event) => picker.current!.contains(target as Node) || onClose();
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, []);
  const found = query.trim() && index
    ? index.search(query, MAX_FOUND, frequent).map(({ emoji, name }) => ({ emoji, name }))
    : frequent.map((emoji) => ({ emoji, name: index?.find(emoji)?.name ?? emoji }));
  const press = (event: KeyboardEvent) => {
    if (event.key === "Escape") onClose();
    else if (event.key === "Enter" && event.target instanceof HTMLInputElement && found[0]) {
      onPick(found[0].emoji);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`
    <div class="picker" role="dialog" aria-label="Pick an emoji" ref=${picker} onKeyDown=${press}>
      <ul>
        ${found.map(({ emoji, name }) =>
          html`
            <li key=${emoji}>
              <button type="button" class="emoji" title=${name.replaceAll("_", " ")}
                aria-label=${name.replaceAll("_", " ")} onClick=${() => onPick(emoji)}
              >${presented(emoji)}</button>
            </li>
          `
        )}
      </ul>
      <input type="search" placeholder="Search emoji" aria-label="Search emoji" autocomplete="off"
        onInput=${(event: Event) => setQuery((event.target as HTMLInputElement).value)} />
    </div>
  `;
}
