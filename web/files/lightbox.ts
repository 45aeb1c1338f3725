/** The pictures of a message, one at a time and as large as the window: arrows go through them. */
import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { FileInfo } from "../../src/client/rest/mod.ts";
import { Icon } from "../components/icon.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { saveFile, useFileAddress } from "./file_address.ts";
import type { FileViewer, Viewed } from "./file_viewer.ts";

/** Of a room: what is deleted there is shown no more. */
export function Lightbox({ open }: { open: OpenRoom }) {
  const viewed = open.viewed.value;
  // Read anew with each message.
  const isGone = viewed && open.messages.value && open.room.find(viewed.key)?.deletedAt;
  useEffect(() => void (isGone && (open.viewed.value = null)), [isGone]);
  return viewed && !isGone && html`<${Pictures} viewer=${open} viewed=${viewed} />`;
}

export function Pictures({ viewer, viewed }: { viewer: FileViewer; viewed: Viewed }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { files, place } = viewed;
  const file = files[place]!;
  // The browser keeps the focus in it, and gives it back.
  useLayoutEffect(() => {
    const shown = dialog.current!;
    shown.showModal();
    return () => shown.close();
  }, []);
  const close = () => void (viewer.viewed.value = null);
  const go = (step: number) => {
    const next = place + step;
    if (next in files) viewer.viewed.value = { ...viewed, place: next };
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    go(step);
  };
  const leave = ({ target }: Event) => {
    if (!(target as HTMLElement).closest("button, img, p")) close();
  };
  const save = () => saveFile(viewer, file);
  const isOne = files.length === 1;
  return html`
    <dialog class="lightbox" ref=${dialog} aria-label="Pictures" onClose=${close}
      onKeyDown=${press} onMouseDown=${leave}>
      <header>
        <p><span class="file-name" dir="auto">${file.name}</span>
          ${!isOne && html`<span role="status">${place + 1} of ${files.length}</span>`}</p>
        <button class="quiet" type="button" onClick=${save}>
          <${Icon} name="download" /> Download
        </button>
        <button class="quiet close" type="button" aria-label="Close" onClick=${close}>
          <${Icon} name="close" />
        </button>
      </header>
      <${Large} key=${file.id} viewer=${viewer} file=${file} />
      ${!isOne && html`
        <nav aria-label="Pictures">
          <button class="quiet" type="button" aria-label="Previous picture"
            aria-disabled=${place === 0 ? "true" : null} onClick=${() => go(-1)}>‹</button>
          <button class="quiet" type="button" aria-label="Next picture"
            aria-disabled=${place === files.length - 1 ? "true" : null}
            onClick=${() => go(1)}>›</button>
        </nav>
      `}
    </dialog>
  `;
}

function Large({ viewer, file }: { viewer: FileViewer; file: FileInfo }) {
  const { address, isFaulty, refused } = useFileAddress(viewer, file.url);
  if (isFaulty) return html`<p role="alert">${file.name} cannot be shown.</p>`;
  return html`
    <img src=${address} alt=${file.name} width=${file.width} height=${file.height}
      onError=${refused} />
  `;
}
