/** Puts data on the page, touching only what has changed: the rest would be read out again. */

/** How the items of a list are shown. */
export interface Display<T> {
  key(item: T): string;
  create(item: T): HTMLElement;
  update?(element: HTMLElement, item: T, previous: T | undefined): void;
}

/** Makes the children of `list` show these items, moving and keeping what is there already. */
export function showList<T>(list: Element, items: readonly T[], display: Display<T>): void {
  const { key, create, update } = display;
  const names = new Set(items.map(key));
  const elements = new Map<string, HTMLElement>();
  for (const element of [...list.children] as HTMLElement[]) {
    const name = element.dataset.key!;
    if (names.has(name)) elements.set(name, element);
    else element.remove();
  }
  let next = list.firstElementChild;
  items.forEach((item, i) => {
    const element = elements.get(key(item)) ?? create(item);
    element.dataset.key = key(item);
    update?.(element, item, items[i - 1]);
    if (element === next) next = next.nextElementSibling;
    else list.insertBefore(element, next);
  });
}

export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Makes an element with these properties and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** The element of the page that a selector names; there must be one. */
export function find<T extends HTMLElement = HTMLElement>(
  selector: string,
  within: ParentNode = document,
): T {
  const found = within.querySelector<T>(selector);
  if (!found) throw new Error(`The page has no ${selector}.`);
  return found;
}

/** Has a form do its work once at a time, and shows beside it why it failed. */
export function onSubmit(
  form: HTMLFormElement,
  work: (fields: Record<string, string>) => Promise<unknown>,
): void {
  const fault = find(".fault", form);
  const button = find<HTMLButtonElement>("button", form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    fault.textContent = "";
    try {
      await work(Object.fromEntries(new FormData(form)) as Record<string, string>);
      form.reset();
    } catch (error) {
      fault.textContent = (error as Error).message;
    }
    button.disabled = false;
  });
}
