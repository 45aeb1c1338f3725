/** What a search in messages has found, the newest first, each with a link to its message. */
import { html } from "htm/preact";
import { useId } from "preact/hooks";
import type { SearchResult } from "../../src/client/rest/mod.ts";
import { addressOf } from "../address.ts";
import type { Chat } from "../chat.ts";
import { Avatar } from "../components/avatar.ts";
import { Moment } from "../components/moment.ts";
import { More } from "../components/more.ts";
import { PersonName } from "../components/person_card.ts";
import { RoomLabel } from "../components/room_label.ts";
import { FileNames } from "../files/file_names.ts";
import { excerptOf } from "./excerpt.ts";
import type { MessageSearch } from "./message_search.ts";
import { HINT } from "./terms.ts";

interface SearchResultsProps {
  chat: Chat;
  search: MessageSearch;
  place: { current: HTMLElement | null };
}

export function SearchResults({ chat, search, place }: SearchResultsProps) {
  const results = search.results.value;
  const found = results?.items.value;
  const fault = results?.fault.value ?? "";
  return html`
    <div class="results" ref=${place} aria-busy=${String(!search.isSettled.value)}>
      <p class="dialog-note" role="status">${describe(search)}</p>
      ${fault && html`
        <p class="fault" role="alert">
          ${fault}
          <button class="quiet" type="button" onClick=${() => search.search()}>Try again</button>
        </p>
      `}
      <ol class="message-links" aria-label="Messages found">
        ${found?.map((result) =>
          html`
            <li key=${result.message.id}>
              <${Result} chat=${chat} search=${search} result=${result} />
            </li>
          `
        )}
      </ol>
      ${results && !fault && html`<${More} list=${results} />`}
    </div>
  `;
}

interface ResultProps {
  chat: Chat;
  search: MessageSearch;
  result: SearchResult;
}

function Result({ chat, search, result: { message, room, highlights } }: ResultProps) {
  const { id, sender, text, attachments, createdAt } = message;
  const aboutId = useId();
  const known = chat.rooms.value?.find((known) => known.id === room.id);
  const isPicked = search.picked.value === id;
  return html`
    <${Avatar} user=${sender} />
    <p class="about" id=${aboutId}>
      <b><${PersonName} user=${sender} /></b>
      <${RoomLabel} room=${known ?? room} ownId=${chat.user.value?.id} />
      <${Moment} at=${createdAt} />
    </p>
    <a class="found-message" href=${addressOf(room.slug, id)} aria-describedby=${aboutId} dir="auto"
      data-picked=${isPicked ? "" : null} onClick=${() => void (search.picked.value = id)}>
      ${excerptOf(text, highlights).map((part) =>
        part.isHit ? html`<mark>${part.text}</mark>` : part.text
      )}
      <${FileNames} files=${attachments} />
    </a>
  `;
}

/** What a screen reader says, and what is there instead of results. */
function describe({ terms, results, isSettled }: MessageSearch): string {
  const list = results.value;
  if (!isSettled.value && !list) return "Searching…";
  if (!list) return terms.value.q.trim() === "" ? HINT : "";
  const count = list.items.value?.length;
  if (count === undefined) return "";
  if (count === 0) return list.hasMore ? "No message is found so far." : "No message is found.";
  if (list.hasMore) return `The newest ${count} messages`;
  return count === 1 ? "1 message" : `${count} messages`;
}
