/** How files get to a message: chosen, photographed, pasted, or dropped on where it is written. */
import { html } from "htm/preact";
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { MAX_ATTACHMENTS } from "../../src/protocol/wire/limits.ts";
import { Icon, type IconName } from "../components/icon.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { mayAttach } from "../rooms/rights.ts";
import type { ChosenFiles } from "./chosen_files.ts";

/** A message that is written: the next one in the room, or an answer in a thread. */
export interface Written {
  readonly open: OpenRoom;
  /** The files that go with it; undefined where messages have none. */
  readonly chosen: ChosenFiles | undefined;
  readonly input: RefObject<HTMLTextAreaElement | null>;
}

function takesFiles({ open, chosen }: Written): boolean {
  return chosen !== undefined && mayAttach(open);
}

/** Takes files for a message, if the user may send any: who is no member becomes one. */
async function attach(written: Written, files: Iterable<File>): Promise<void> {
  if (!takesFiles(written)) return;
  // The event's list may be empty after it.
  const given = [...files];
  // Only members send files.
  if (!written.open.may("file.upload")) await written.open.memberCommands.join();
  const left = written.chosen!.add(given);
  if (left > 0) {
    written.open.notice.say(`A message can have ${MAX_ATTACHMENTS} files: ${left} are left out.`);
  }
  written.input.current?.focus();
}

/** To be called when something is pasted into a message. A text that has a picture of it is a text. */
export function paste(event: ClipboardEvent, written: Written): void {
  const { files, types } = event.clipboardData!;
  if (files.length === 0 || types.includes("text/plain") || !takesFiles(written)) return;
  event.preventDefault();
  void attach(written, files);
}

/** Of these the second is for phones, whose browsers then open the camera. */
export function AttachButtons({ written }: { written: Written }) {
  if (!takesFiles(written)) return null;
  return html`
    <${AttachButton} written=${written} label="Attach files" icon="attach" />
    <${AttachButton} written=${written} label="Take a picture" icon="camera" isCamera />
  `;
}

interface AttachButtonProps {
  written: Written;
  label: string;
  icon: IconName;
  isCamera?: boolean;
}

function AttachButton({ written, label, icon, isCamera = false }: AttachButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  const take = () => {
    void attach(written, [...input.current!.files!]);
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

/** What is shown over the room and its thread while files are dragged over the window. */
export function DropTargets({ open }: { open: OpenRoom }) {
  const { composer, answer } = open;
  const isOver = useDrag((files) => attach(answer.value ?? composer, files));
  return isOver && html`
    <${DropTarget} written=${composer} text="Drop files to send them here" />
    ${answer.value && html`
      <${DropTarget} written=${answer.value} text="Drop files to answer with them" />
    `}
  `;
}

function DropTarget({ written, text }: { written: Written; text: string }) {
  if (!takesFiles(written)) return null;
  const isAnswer = written === written.open.answer.value;
  const drop = (event: DragEvent) => {
    event.preventDefault();
    void attach(written, event.dataTransfer!.files);
  };
  return html`<p class=${`drop-target ${isAnswer ? "beside" : ""}`} onDrop=${drop}>${text}</p>`;
}

/**
 * Whether files are dragged over the window.
 * @param drop takes those that are dropped where no element takes them
 */
function useDrag(drop: (files: FileList) => void): boolean {
  const [isOver, setOver] = useState(false);
  const dropped = useRef(drop);
  dropped.current = drop;
  useEffect(() => {
    const hasFiles = ({ dataTransfer }: DragEvent) =>
      dataTransfer?.types.includes("Files") === true;
    const over = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      // Or the browser would open the file in the place of the page.
      event.preventDefault();
      setOver(true);
    };
    const leave = ({ relatedTarget }: DragEvent) => relatedTarget === null && setOver(false);
    const end = (event: DragEvent) => {
      setOver(false);
      if (event.defaultPrevented || !hasFiles(event)) return;
      event.preventDefault();
      dropped.current(event.dataTransfer!.files);
    };
    const listeners = { dragover: over, dragleave: leave, drop: end } as const;
    const all = Object.entries(listeners) as [string, EventListener][];
    for (const [type, listener] of all) addEventListener(type, listener);
    return () => {
      for (const [type, listener] of all) removeEventListener(type, listener);
    };
  }, []);
  return isOver;
}
