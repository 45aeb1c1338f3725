/** The search in messages, in the place of a room: what is looked for, and what was found. */
import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { MAX_SEARCH_LENGTH } from "../../src/protocol/wire/limits.ts";
import type { Chat } from "../chat.ts";
import type { MessageSearch } from "./message_search.ts";
import { SearchFilters } from "./search_filters.ts";
import { SearchResults } from "./search_results.ts";
import { HINT } from "./terms.ts";

interface ViewProps {
  chat: Chat;
  search: MessageSearch;
}

export function SearchView({ chat, search }: ViewProps) {
  const field = useRef<HTMLInputElement>(null);
  const results = useRef<HTMLElement>(null);
  // Before the next event: what is typed after a slow frame belongs into the field.
  useLayoutEffect(() => {
    const picked = results.current!.querySelector<HTMLElement>("[data-picked]");
    if (picked) picked.focus();
    else field.current!.focus();
  }, []);
  useEffect(() => void search.refresh(), []);
  const close = () => void (location.hash = search.origin);
  const press = (event: KeyboardEvent) => {
    if (event.key === "Escape" && event.target === field.current) close();
    else if (!goAlong(event, field.current!, results.current!)) return;
    event.preventDefault();
  };
  return html`
    <section class="search" aria-label="Search messages" onKeyDown=${press}>
      <header>
        <a class="back" href=${search.origin}>‹ Back</a>
        <h1>Search messages</h1>
      </header>
      <${Terms} chat=${chat} search=${search} field=${field} />
      <${SearchResults} chat=${chat} search=${search} place=${results} />
    </section>
  `;
}

function Terms(
  { chat, search, field }: ViewProps & { field: { current: HTMLInputElement | null } },
) {
  const { q } = search.terms.value;
  const submit = (event: Event) => {
    event.preventDefault();
    void search.search();
  };
  return html`
    <form id="search-form" role="search" onSubmit=${submit}>
      <input type="search" name="q" ref=${field} value=${q} maxlength=${MAX_SEARCH_LENGTH}
        autocomplete="off" enterkeyhint="search" aria-label="Words in messages"
        placeholder="Words in messages"
        title=${HINT}
        onInput=${({ currentTarget }: Event) => {
          search.change({ q: (currentTarget as HTMLInputElement).value });
        }} />
      <${SearchFilters} chat=${chat} search=${search} />
    </form>
  `;
}

/** Arrows go from the field through the results and back; Escape goes back to the field. */
function goAlong(event: KeyboardEvent, field: HTMLElement, results: HTMLElement): boolean {
  if (event.altKey || event.ctrlKey || event.metaKey || event.isComposing) return false;
  const stops = [field, ...results.querySelectorAll<HTMLElement>(".found-message")];
  const place = stops.indexOf(event.target as HTMLElement);
  if (place < 0) return false;
  if (event.key === "Escape") return focus(field);
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  return step !== undefined && focus(stops[place + step]);
}

function focus(element: HTMLElement | undefined): boolean {
  element?.focus();
  return element !== undefined;
}
