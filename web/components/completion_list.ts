/** Completes names after `@` and emoji after `:` where the user writes. */
import { html } from "htm/preact";
import type { RefObject } from "preact";
import { useId, useState } from "preact/hooks";
import { complete, type Completion, completionAt, namedEmojiAt } from "../completion.ts";
import { type EmojiIndex, loadEmoji, presented } from "../emoji.ts";
import { completeMention } from "../mentions.ts";
import type { OpenRoom } from "../open_room.ts";

const MAX_OPTIONS = 8;

interface Option {
  key: string;
  label: string;
  /** What is put into the text. */
  text: string;
}

interface Shown {
  at: Completion;
  options: Option[];
  selected: number;
}

let emoji: EmojiIndex | null = null;

/** The options at the caret, as a list box that the input controls (ARIA's combobox pattern). */
export function useCompletion(open: OpenRoom, input: RefObject<HTMLTextAreaElement | null>) {
  const id = useId();
  const [shown, setShown] = useState<Shown | null>(null);
  const close = () => setShown(null);

  const insert = (at: Completion, text: string) => {
    const done = complete(input.current!.value, at, text);
    input.current!.value = done.text;
    input.current!.setSelectionRange(done.caret, done.caret);
    open.drafts.write(open.room, done.text);
    close();
  };
  const update = async () => {
    const { value, selectionStart } = input.current!;
    const at = completionAt(value, selectionStart);
    const named = namedEmojiAt(value, selectionStart);
    if (at?.kind === "emoji" || named) emoji ??= await loadEmoji().catch(() => null);
    // The text may have changed while the emoji were loaded.
    if (input.current?.value !== value) return;
    const known = named && emoji?.named(named.query);
    if (known) return insert(named, presented(known.emoji));
    const options = at ? optionsFor(open, at) : [];
    setShown(at && options.length > 0 ? { at, options, selected: 0 } : null);
  };
  const press = ({ key, isComposing }: KeyboardEvent): boolean => {
    if (!shown || isComposing) return false;
    const { at, options, selected } = shown;
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (step) {
      setShown({ ...shown, selected: (selected + step + options.length) % options.length });
    } else if (key === "Enter" || key === "Tab") insert(at, options[selected]!.text);
    else if (key === "Escape") close();
    else return false;
    return true;
  };
  const list = shown && html`
    <ul class="completions" role="listbox" id=${id} aria-label="Suggestions">
      ${shown.options.map(({ key, label, text }, i) =>
        html`
          <li key=${key} id=${`${id}-${i}`} role="option" aria-selected=${String(
            i === shown.selected,
          )}
            onPointerDown=${(event: Event) => {
              // The input keeps the focus.
              event.preventDefault();
              insert(shown.at, text);
            }}>${label}</li>
        `
      )}
    </ul>
  `;
  const attributes = {
    role: "combobox",
    "aria-autocomplete": "list",
    "aria-expanded": String(shown !== null),
    "aria-controls": id,
    "aria-activedescendant": shown ? `${id}-${shown.selected}` : null,
  };
  return { list, attributes, update, press, close };
}

function optionsFor(open: OpenRoom, { kind, query }: Completion): Option[] {
  if (kind === "emoji") {
    const found = emoji?.search(query, MAX_OPTIONS, open.commands.frequentEmoji) ?? [];
    return found.map(({ emoji, name }) => {
      return { key: emoji, label: `${presented(emoji)} :${name}:`, text: presented(emoji) };
    });
  }
  return completeMention(open.people.value, query, MAX_OPTIONS).map(({ id, displayName }) => {
    return { key: id, label: displayName, text: `@${displayName}` };
  });
}
