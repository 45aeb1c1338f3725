/** Completes names after `@` and emoji after `:` where the user writes. */
import { html } from "htm/preact";
import type { RefObject } from "preact";
import { useId, useState } from "preact/hooks";
import type { OpenRoom } from "../rooms/open_room.ts";
import { complete, type Completion, completionAt, namedEmojiAt } from "../text/completion.ts";
import { type EmojiIndex, loadEmoji, presented } from "../text/emoji.ts";
import { completeMention } from "../text/mentions.ts";

const MAX_OPTIONS = 8;

interface Option {
  key: string;
  label: string;
  /** What is put into the text. */
  text: string;
}

/** Where something is completed, and which of its options is selected. */
interface Shown {
  at: Completion;
  selected: number;
}

let emoji: EmojiIndex | null = null;

/** The options at the caret, as a list box that the input controls (ARIA's combobox pattern). */
export function useCompletion(open: OpenRoom, input: RefObject<HTMLTextAreaElement | null>) {
  const id = useId();
  const [shown, setShown] = useState<Shown | null>(null);
  // Read anew with each member that is found.
  const options = shown ? optionsFor(open, shown.at) : [];
  const isShown = shown !== null && options.length > 0;
  const selected = Math.min(shown?.selected ?? 0, options.length - 1);
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
    if (at?.kind === "mention") open.memberSearch.search(at.query);
    setShown(at && { at, selected: 0 });
  };
  const press = ({ key, isComposing }: KeyboardEvent): boolean => {
    if (!isShown || isComposing) return false;
    const { at } = shown;
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (step) {
      setShown({ at, selected: (selected + step + options.length) % options.length });
    } else if (key === "Enter" || key === "Tab") insert(at, options[selected]!.text);
    else if (key === "Escape") close();
    else return false;
    return true;
  };
  const list = isShown && html`
    <ul class="completions" role="listbox" id=${id} aria-label="Suggestions">
      ${options.map(({ key, label, text }, i) =>
        html`
          <li key=${key} id=${`${id}-${i}`} role="option" aria-selected=${String(
            i === selected,
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
    "aria-expanded": String(isShown),
    "aria-controls": id,
    "aria-activedescendant": isShown ? `${id}-${selected}` : null,
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
