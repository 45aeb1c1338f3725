/** An input above the choices that fit what is typed: the focus stays in it, arrows choose. */
import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";

export interface Choice {
  key: string;
  content: ComponentChildren;
  pick(): void;
}

export interface ComboboxProps {
  name: string;
  label: string;
  /** What is in the empty input; its label if nothing is given. */
  placeholder?: string | undefined;
  /** The label of the choices. */
  listLabel: string;
  choices: readonly Choice[];
  /** What is said below the choices; `""` for nothing. */
  note: string;
  isFocused?: boolean;
  onSearch(query: string): void;
  /** Backspace was pressed where nothing is to be removed. */
  onErase?(): void;
}

/**
 * ARIA Authoring Practices' combobox. Enter picks the first choice if no other one is chosen; in an
 * empty input without choices it submits the form around it.
 */
export function Combobox(props: ComboboxProps) {
  const {
    name,
    label,
    placeholder = label,
    listLabel,
    choices,
    note,
    isFocused = false,
    onSearch,
    onErase,
  } = props;
  const [chosen, id] = [useSignal(0), useId()];
  const input = useRef<HTMLInputElement>(null);
  const search = (query: string) => {
    chosen.value = 0;
    onSearch(query);
  };
  const pick = (choice: Choice | undefined) => {
    if (!choice) return;
    input.current!.value = "";
    input.current!.focus();
    search("");
    choice.pick();
  };
  const press = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    const isBlank = input.current!.value.trim() === "";
    if (event.key === "Backspace" && input.current!.value === "") return onErase?.();
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step === undefined && event.key !== "Enter") return;
    if (event.key === "Enter" && isBlank && choices.length === 0) return;
    event.preventDefault();
    if (step === undefined) return pick(choices[chosen.value]);
    chosen.value = (chosen.value + step + choices.length) % (choices.length || 1);
  };
  const idOf = (index: number) => `${id}-${index}`;
  return html`
    <input name=${name} ref=${input} role="combobox" autocomplete="off" autofocus=${isFocused}
      placeholder=${placeholder} aria-label=${label} aria-autocomplete="list"
      aria-expanded=${String(choices.length > 0)} aria-controls="${id}-list"
      aria-activedescendant=${choices.length > 0 ? idOf(chosen.value) : null}
      onInput=${({ currentTarget }: Event) => search((currentTarget as HTMLInputElement).value)}
      onKeyDown=${press} />
    <ul class="choices" id="${id}-list" role="listbox" aria-label=${listLabel}>
      ${choices.map((choice, index) =>
        html`
          <li key=${choice.key} id=${idOf(index)} role="option"
            aria-selected=${String(index === chosen.value)} onClick=${() => pick(choice)}
          >${choice.content}</li>
        `
      )}
    </ul>
    <p class="dialog-note" role="status">${note}</p>
  `;
}
