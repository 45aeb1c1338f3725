/** The files that go with the next message, above where it is written. */
import { html } from "htm/preact";
import { Icon } from "../components/icon.ts";
import type { ChosenFiles } from "./chosen_files.ts";
import { describeSize } from "./media.ts";
import { Preview } from "./preview.ts";

export function Tray({ chosen, onRemoved }: { chosen: ChosenFiles; onRemoved(): void }) {
  const files = chosen.files.value;
  const remove = (key: number) => {
    chosen.remove(key);
    // The button that had the focus is gone.
    onRemoved();
  };
  return html`
    <p class="unseen" role="status">${describe(files.length)}</p>
    ${files.length > 0 && html`
      <ul class="tray" aria-label="Files to send">
        ${files.map(({ key, content }) =>
          html`
            <li key=${key}>
              <${Preview} content=${content} />
              <p>
                <span class="file-name" dir="auto" title=${content.name}>${content.name}</span>
                <small>${describeSize(content.size)}</small>
              </p>
              <button class="quiet close" type="button" title="Remove"
                aria-label=${`Remove ${content.name}`} onClick=${() => remove(key)}
              ><${Icon} name="close" /></button>
            </li>
          `
        )}
      </ul>
    `}
  `;
}

function describe(count: number): string {
  if (count === 0) return "";
  return count === 1 ? "1 file goes with the message" : `${count} files go with the message`;
}
