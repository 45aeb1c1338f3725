/** Searches people by name: one of them, or several that are shown as chips. */
import { type Signal, useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useMemo } from "preact/hooks";
import type { PublicUser } from "../../src/client/mod.ts";
import { searchUsers } from "../../src/client/rest/mod.ts";
import type { Chat } from "../chat.ts";
import { PeopleSearch, type PeopleSearchOptions } from "../people/people_search.ts";
import { Avatar } from "./avatar.ts";
import { Combobox } from "./combobox.ts";
import { Icon } from "./icon.ts";

const MAX_FOUND = 8;

/** Who searches: the chat, or the moderators' page. */
type Searcher = Pick<Chat, "client" | "user">;

/** How people are searched, and whether the user is one of them. */
type SearchOptions = PeopleSearchOptions & { isSelfFound?: boolean };

/** A search that ends with the component. */
export function usePeopleSearch(
  chat: Searcher,
  { isSelfFound = false, ...options }: SearchOptions = {},
): PeopleSearch {
  const search = useMemo(() => {
    const ownId = isSelfFound ? undefined : chat.user.peek()?.id;
    return new PeopleSearch(async (q) => {
      const found = await searchUsers(chat.client.api, { q, limit: MAX_FOUND + 1 });
      return found.filter(({ id }) => id !== ownId).slice(0, MAX_FOUND);
    }, options);
  }, [chat]);
  useEffect(() => () => search.end(), [search]);
  return search;
}

interface PersonSearchProps {
  chat: Searcher;
  /** The label of the input. */
  label: string;
  /** What is in the empty input, if not its label. */
  placeholder?: string;
  /** Whether the user is found as others are. */
  isSelfFound?: boolean;
  /** Those who are not shown. */
  without?: readonly PublicUser[];
  /** Whether people are suggested before anything is typed, and the input has the focus. */
  isOpen?: boolean;
  onPick(user: PublicUser): void;
  onErase?(): void;
}

export function PersonSearch(props: PersonSearchProps) {
  const { chat, label, placeholder, without = [], isOpen = false, onPick, onErase } = props;
  const search = usePeopleSearch(chat, {
    suggests: isOpen,
    isSelfFound: props.isSelfFound ?? false,
  });
  const query = useSignal("");
  useEffect(() => search.search(""), [search]);
  const found = search.found.value.filter(({ id }) => !without.some((user) => user.id === id));
  const choices = found.map((user) => ({
    key: user.id,
    content: html`<${PersonChoice} user=${user} />`,
    pick: () => onPick(user),
  }));
  const isNothing = query.value.trim() !== "" && search.isSettled.value && choices.length === 0;
  const note = search.fault.value || (isNothing ? "Nobody is found." : "");
  return html`
    <${Combobox} name="person" label=${label} placeholder=${placeholder} listLabel="People"
      choices=${choices} note=${note}
      isFocused=${isOpen} onErase=${onErase}
      onSearch=${(text: string) => {
        query.value = text;
        search.search(text);
      }} />
  `;
}

export function PersonChoice({ user }: { user: PublicUser }) {
  return html`
    <span class="person-choice"><${Avatar} user=${user} /><span>${user.displayName}</span></span>
  `;
}

interface PeoplePickerProps {
  chat: Chat;
  label: string;
  chosen: Signal<readonly PublicUser[]>;
  /** How many may be chosen. */
  max: number;
}

export function PeoplePicker({ chat, label, chosen, max }: PeoplePickerProps) {
  const remove = (id: string) => {
    chosen.value = chosen.value.filter((user) => user.id !== id);
  };
  const pick = (user: PublicUser) => void (chosen.value = [...chosen.value, user]);
  return html`
    <div class="people-picker">
      ${chosen.value.length > 0 && html`
        <ul class="chips" aria-label="Chosen">
          ${chosen.value.map(({ id, displayName }) =>
            html`
              <li key=${id}>
                <span>${displayName}</span>
                <button type="button" class="quiet close" aria-label="Remove ${displayName}"
                  onClick=${() => remove(id)}><${Icon} name="close" /></button>
              </li>
            `
          )}
        </ul>
      `}
      ${chosen.value.length < max && html`
        <${PersonSearch} chat=${chat} label=${label} without=${chosen.value} onPick=${pick}
          onErase=${() => chosen.value = chosen.value.slice(0, -1)} />
      `}
    </div>
  `;
}
