/** How files get to a message: chosen, photographed, pasted, or dropped on the room. */
import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "../components/icon.ts";
import { MAX_ATTACHMENTS } from "../../src/protocol/wire/limits.ts";
import type { OpenRoom } from "../open_room.ts";

/** Takes files for the next message, if the user may send any. */
export function attach(open: OpenRoom, files: Iterable<File>): void {
  if (!open.mayAttach) return;
  const left = open.chosenFiles!.add(files);
  if (left > 0) {
    open.notice.say(`A message can have ${MAX_ATTACHMENTS} files: ${left} are left out.`);
  }
  open.focusComposer();
}

/** To be called when something is pasted into a message. A text that has a picture of it is a text. */
export function paste(event: ClipboardEvent, open: OpenRoom): void {
  const { files, types } = event.clipboardData!;
  if (files.length === 0 || types.includes("text/plain") || !open.mayAttach) return;
  event.preventDefault();
  attach(open, files);
}

/** Of these the second is for phones, whose browsers then open the camera. */
export function AttachButtons({ open }: { open: OpenRoom }) {
  if (!open.mayAttach) return null;
  return html`
    <${AttachButton} open=${open} label="Attach files" icon="attach" />
    <${AttachButton} open=${open} label="Take a picture" icon="camera" isCamera />
  `;
}

interface AttachButtonProps {
  open: OpenRoom;
  label: string;
  icon: IconName;
  isCamera?: boolean;
}

function AttachButton({ open, label, icon, isCamera = false }: AttachButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  const take = () => {
    attach(open, [...input.current!.files!]);
    // The same file can be chosen again.
    input.current!.value = "";
  };
  return html`
    <button class=${`quiet attach ${isCamera ? "camera" : ""}`} type="button" title=${label}
      aria-label=${label} onClick=${() => input.current!.click()}><${Icon} name=${icon} /></button>
    <input type="file" hidden ref=${input} multiple=${!isCamera} onChange=${take}
      accept=${isCamera ? "image/*" : null} capture=${isCamera ? "environment" : null} />
  `;
}

/** What is shown over a room while files are dragged over the window; they are taken when dropped. */
export function DropTarget({ open }: { open: OpenRoom }) {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const hasFiles = ({ dataTransfer }: DragEvent) =>
      dataTransfer?.types.includes("Files") === true;
    const over = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      // Or the browser would open the file in the place of the page.
      event.preventDefault();
      setOver(open.mayAttach);
    };
    const leave = ({ relatedTarget }: DragEvent) => relatedTarget === null && setOver(false);
    const drop = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(false);
      attach(open, event.dataTransfer!.files);
    };
    const listeners = { dragover: over, dragleave: leave, drop } as const;
    const all = Object.entries(listeners) as [string, EventListener][];
    for (const [type, listener] of all) addEventListener(type, listener);
    return () => {
      for (const [type, listener] of all) removeEventListener(type, listener);
    };
  }, [open]);
  return isOver && html`<p class="drop-target">Drop files to send them here</p>`;
}
