/** The button in the bar that opens the search in messages; so does `/`. */
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { Icon } from "../components/icon.ts";
import { addressOfSearch } from "./terms.ts";

export function SearchButton() {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
      if ((event.target as HTMLElement).closest("input, textarea, select, dialog")) return;
      event.preventDefault();
      openSearch();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  return html`
    <button class="quiet" id="search" type="button" aria-keyshortcuts="/"
      title="Search messages (/)" onClick=${openSearch}>
      <${Icon} name="search" /><span>Search</span>
    </button>
  `;
}

function openSearch(): void {
  const field = document.querySelector<HTMLInputElement>("#search-form [type=search]");
  if (field) return field.select();
  location.hash = addressOfSearch();
}
