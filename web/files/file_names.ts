/** The names of a message's files, where the files themselves are not shown. */
import { html } from "htm/preact";
import type { FileInfo } from "../../src/client/rest/mod.ts";
import { Icon } from "../components/icon.ts";

export function FileNames({ files }: { files: readonly FileInfo[] }) {
  return files.map(({ id, name }) =>
    html`
      <span key=${id} class="file-mention">
        <${Icon} name="file" /><span class="file-name" dir="auto">${name}</span>
      </span>
    `
  );
}
