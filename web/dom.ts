/** Updates the page, only where something has changed: screen readers would read the rest out again. */
import type { EchoRoomError } from "../src/client/mod.ts";

/** How the items of a list are shown. */
export interface Display<T> {
  key(item: T): string;
  create(item: T): HTMLElement;
  update?(element: HTMLElement, item: T, previous: T | undefined): void;
}

/** Makes the children of `list` show these items; existing elements are kept and moved. */
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

/** The element that a selector matches; there must be one. */
export function find<T extends HTMLElement = HTMLElement>(
  selector: string,
  within: ParentNode = document,
): T {
  const found = within.querySelector<T>(selector);
  if (!found) throw new Error(`The page has no ${selector}.`);
  return found;
}

/** Runs a form's work, one submission at a time; an error is shown in the form and at the invalid fields. */
export function onSubmit(
  form: HTMLFormElement,
  work: (fields: Record<string, string>) => Promise<unknown>,
): void {
  const button = find<HTMLButtonElement>("button", form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    // Not `disabled`, which would take the focus away.
    if (button.ariaDisabled) return;
    button.ariaDisabled = "true";
    showFault(form, null);
    try {
      await work(Object.fromEntries(new FormData(form)) as Record<string, string>);
      form.reset();
    } catch (error) {
      showFault(form, error as EchoRoomError);
    }
    button.ariaDisabled = null;
  });
  form.addEventListener("input", ({ target }) => (target as HTMLElement).ariaInvalid = null);
}

/** The field that an error concerns, where the server does not name it. */
const FIELDS: Record<string, string> = { email_taken: "email", invalid_credentials: "password" };

function showFault(form: HTMLFormElement, error: EchoRoomError | null): void {
  const fault = find(".fault", form);
  const names = error?.errors?.map(({ path }) => path) ?? [];
  if (error && names.length === 0) names.push(FIELDS[error.code] ?? "");
  const inputs = [...form.querySelectorAll("input")];
  for (const input of inputs) {
    input.ariaInvalid = names.includes(input.name) ? "true" : null;
    input.setAttribute("aria-describedby", fault.id);
  }
  fault.textContent = error ? sentence(error, inputs) : "";
  inputs.find(({ ariaInvalid }) => ariaInvalid)?.focus();
}

/** The errors with the labels of the page instead of the protocol's field names. */
function sentence({ message, errors = [] }: EchoRoomError, inputs: HTMLInputElement[]): string {
  if (errors.length === 0) return message;
  const faults = errors.map(({ path, message }) => {
    const label = inputs.find(({ name }) => name === path)?.labels?.[0]?.textContent;
    return `${label?.trim().split(",")[0] ?? path} ${message}.`;
  });
  return faults.join(" ");
}
