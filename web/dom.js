/** Puts data on the page, touching only what has changed: the rest would be read out again. */

/**
 * @template T
 * @param {Element} list
 * @param {T[]} items
 * @param {{
 *   key(item: T): string,
 *   create(item: T): HTMLElement,
 *   update(element: HTMLElement, item: T, previous: T | undefined): void,
 * }} as how an item is shown
 */
export function showList(list, items, { key, create, update }) {
  const names = new Set(items.map(key));
  const elements = new Map();
  for (const element of [...list.children]) {
    if (names.has(element.dataset.key)) elements.set(element.dataset.key, element);
    else element.remove();
  }
  let next = list.firstElementChild;
  items.forEach((item, i) => {
    const element = elements.get(key(item)) ?? create(item);
    element.dataset.key = key(item);
    update(element, item, items[i - 1]);
    if (element === next) next = next.nextElementSibling;
    else list.insertBefore(element, next);
  });
}

/**
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {string} tag
 * @param {object} [properties]
 * @param {(Node | string)[]} children
 */
export function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}
