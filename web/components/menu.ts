/** A button that opens a menu (ARIA Authoring Practices): arrows go through it, Escape closes it. */
import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

export interface MenuItem {
  label: string;
  work(): unknown;
  /** Of items of which one is chosen. */
  isChosen?: boolean;
  isDangerous?: boolean;
  /** Only where there is no space for a button of its own. */
  isForNarrow?: boolean;
}

export interface MenuProps {
  /** Of the button, for those who do not see it. */
  label: string;
  items: readonly MenuItem[];
  /** What the button shows. */
  children: ComponentChildren;
}

export function Menu({ label, items, children }: MenuProps) {
  const button = useRef<HTMLButtonElement>(null);
  const isOpen = useSignal(false);
  /** A press on the button has closed the menu already, as one anywhere else. */
  const wasOpen = useRef(false);
  if (items.length === 0) return null;
  const width = items.every(({ isForNarrow }) => isForNarrow) ? "for-narrow" : "";
  const click = () => {
    isOpen.value = !wasOpen.current;
    wasOpen.current = false;
  };
  return html`
    <button class=${`quiet menu-button ${width}`} type="button" ref=${button} aria-haspopup="menu"
      aria-expanded=${String(isOpen.value)} aria-label=${label} title=${label}
      onPointerDown=${() => wasOpen.current = isOpen.value} onClick=${click}>${children}</button>
    ${isOpen.value && html`
      <${Items} label=${label} items=${items} button=${button}
        onClose=${() => isOpen.value = false} />
    `}
  `;
}

interface ItemsProps {
  label: string;
  items: readonly MenuItem[];
  button: { current: HTMLButtonElement | null };
  onClose(): void;
}

function Items({ label, items, button, onClose }: ItemsProps) {
  const menu = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    menu.current!.showPopover();
    place(menu.current!, button.current!);
    focusables(menu.current!)[0]?.focus();
  }, []);
  const choose = ({ work }: MenuItem) => () => {
    menu.current!.hidePopover();
    work();
  };
  const press = (event: KeyboardEvent) => {
    // What is behind the menu stays open.
    event.stopPropagation();
    if (event.key === "Tab") menu.current!.hidePopover();
    const all = focusables(menu.current!);
    const at = all.indexOf(document.activeElement as HTMLElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    all.at(next % all.length)?.focus();
  };
  return html`
    <div class="menu" popover="auto" role="menu" aria-label=${label} ref=${menu}
      onKeyDown=${press}
      onToggle=${({ newState }: ToggleEvent) => newState === "closed" && onClose()}>
      ${items.map((item) =>
        html`
          <button type="button" key=${item.label} tabindex="-1"
            role=${item.isChosen === undefined ? "menuitem" : "menuitemradio"}
            aria-checked=${item.isChosen === undefined ? null : String(item.isChosen)}
            class=${classOf(item)} onClick=${choose(item)}>${item.label}</button>
        `
      )}
    </div>
  `;
}

function classOf({ isDangerous, isForNarrow }: MenuItem): string {
  return [isDangerous && "dangerous", isForNarrow && "for-narrow"].filter(Boolean).join(" ");
}

function focusables(menu: HTMLElement): HTMLElement[] {
  return [...menu.querySelectorAll<HTMLElement>("button")].filter((item) => item.checkVisibility());
}

/** Below the button, or above it where there is no space, right edges in line. */
function place(menu: HTMLElement, button: HTMLElement): void {
  const { top, bottom, right } = button.getBoundingClientRect();
  const { offsetWidth, offsetHeight } = menu;
  const below = bottom + 4;
  const fits = below + offsetHeight <= innerHeight;
  menu.style.setProperty("--x", `${Math.max(8, right - offsetWidth)}px`);
  menu.style.setProperty("--y", `${fits ? below : Math.max(8, top - 4 - offsetHeight)}px`);
}
