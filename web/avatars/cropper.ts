/** Lets the user choose the part of a picture that becomes their avatar: by pointer, wheel and keys. */
import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { type Crop, MAX_ZOOM, sideOf, wholeOf, within } from "./crop.ts";

/** What the server keeps at most, in pixels. */
const SIZE = 512;
/** How far a key moves the picture, as a part of what is seen of it. */
const STEP = 0.05;

export interface CropperProps {
  picture: ImageBitmap;
  /** What the button does that takes the part; a failure is shown by the caller. */
  onDone(part: Blob): Promise<void>;
  onCancel(): void;
}

export function Cropper({ picture, onDone, onCancel }: CropperProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const crop = useSignal(wholeOf(picture));
  const isBusy = useSignal(false);
  useLayoutEffect(() => draw(canvas.current!, picture, crop.value), [picture, crop.value]);
  useLayoutEffect(() => canvas.current!.focus(), []);
  const change = (part: Partial<Crop>) => {
    crop.value = within(picture, { ...crop.peek(), ...part });
  };
  /** Moves what is seen by a part of its side. */
  const move = (right: number, down: number) => {
    const [{ x, y }, side] = [crop.peek(), sideOf(picture, crop.peek())];
    change({ x: x + right * side, y: y + down * side });
  };
  const press = (event: KeyboardEvent) => {
    const [right, down] = STEPS[event.key] ?? [0, 0];
    if (right === 0 && down === 0) return;
    event.preventDefault();
    move(right * STEP, down * STEP);
  };
  const drag = (event: PointerEvent) => {
    const shown = canvas.current!;
    if (event.type === "pointerdown") return shown.setPointerCapture(event.pointerId);
    if (!shown.hasPointerCapture(event.pointerId)) return;
    move(-event.movementX / shown.clientWidth, -event.movementY / shown.clientHeight);
  };
  const wheel = (event: WheelEvent) => {
    event.preventDefault();
    change({ zoom: crop.peek().zoom * Math.exp(-event.deltaY / 500) });
  };
  const take = async () => {
    if (isBusy.peek()) return;
    isBusy.value = true;
    const part = await new Promise<Blob | null>((resolve) => {
      canvas.current!.toBlob(resolve, "image/webp", 0.92);
    });
    if (part) await onDone(part);
    isBusy.value = false;
  };
  return html`
    <div class="cropper">
      <canvas ref=${canvas} width=${SIZE} height=${SIZE} tabindex="0" role="application"
        aria-label="The part of the picture that is shown: arrow keys move it" onKeyDown=${press}
        onPointerDown=${drag} onPointerMove=${drag} onWheel=${wheel}></canvas>
      <label>Zoom
        <input type="range" min="1" max=${MAX_ZOOM} step="0.05" value=${crop.value.zoom}
          onInput=${({ currentTarget }: Event) => {
            change({ zoom: Number((currentTarget as HTMLInputElement).value) });
          }} />
      </label>
      <p class="actions-row">
        <button type="button" aria-disabled=${isBusy.value ? "true" : null} onClick=${take}>
          Use this picture
        </button>
        <button class="quiet" type="button" onClick=${onCancel}>Cancel</button>
      </p>
    </div>
  `;
}

const STEPS: Record<string, [right: number, down: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function draw(canvas: HTMLCanvasElement, picture: ImageBitmap, crop: Crop): void {
  const side = sideOf(picture, crop);
  const context = canvas.getContext("2d")!;
  context.imageSmoothingQuality = "high";
  context.clearRect(0, 0, SIZE, SIZE);
  const [left, top] = [crop.x - side / 2, crop.y - side / 2];
  context.drawImage(picture, left, top, side, side, 0, 0, SIZE, SIZE);
}
