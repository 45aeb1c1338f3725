/** Around a list: its filters, since when it is shown, what reads it anew, and what reads more of it. */
import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { watchLooking } from "../looking.ts";
import type { PagedList } from "../paged_list.ts";

const CLOCK = new Intl.DateTimeFormat([], { timeStyle: "medium" });

export interface ToolbarProps {
  list: PagedList<unknown>;
  /** What else is to be read again. */
  onReload?: () => void;
  /** The filters. */
  children?: ComponentChildren;
}

/** Reads the list when it is shown first, when the user returns to the page, and by a button. */
export function Toolbar({ list, onReload, children }: ToolbarProps) {
  const { readAt, fault } = list;
  const reload = () => {
    onReload?.();
    void list.reload();
  };
  useEffect(() => {
    void list.reload();
    const end = watchLooking((isLooking) => isLooking && reload());
    return () => {
      end();
      list.close();
    };
  }, [list]);
  return html`
    <div class="toolbar">
      ${children}
      <p class="as-of">
        ${readAt.value !== null && html`<span>As of ${CLOCK.format(readAt.value)}</span>`}
        <button class="quiet" type="button" onClick=${reload}>Reload</button>
      </p>
    </div>
    <p class="fault" role="alert">${fault.value}</p>
  `;
}

/** Below a list: what is said if it is empty, and what reads more of it. */
export function ListEnd({ list, children }: {
  list: PagedList<unknown>;
  /** What is said instead of an empty list. */
  children: ComponentChildren;
}) {
  const { items, fault } = list;
  if (items.value === null) {
    return !fault.value && html`<p class="empty" role="status">Loading…</p>`;
  }
  if (items.value.length === 0 && !list.hasMore) {
    return html`<p class="empty" role="status">${children}</p>`;
  }
  return list.hasMore && html`
    <button class="quiet more" type="button" onClick=${() => list.loadMore()}>Show more</button>
  `;
}
