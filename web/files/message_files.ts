/** The files of a message: pictures, players, and rows of what can only be saved. */
import { html } from "htm/preact";
import type { ChatMessage } from "../../src/client/mod.ts";
import type { FileInfo } from "../../src/client/rest/mod.ts";
import { Icon } from "../components/icon.ts";
import { memo } from "../memo.ts";
import { saveFile, useFileAddress } from "./file_address.ts";
import type { FileViewer } from "./file_viewer.ts";
import { boxOf, describeSize, mediumOf } from "./media.ts";

/** More pictures than these are tiles, so that they do not fill the room. */
const LARGE_PICTURES = 2;

interface FilesProps {
  viewer: FileViewer;
  /** The key of the message. */
  of: string;
  files: ChatMessage["attachments"];
}

interface FileProps {
  viewer: FileViewer;
  file: FileInfo;
}

/** A new state of the message is no reason to begin a film anew. */
export const MessageFiles = memo(({ viewer, of: key, files }: FilesProps) => {
  const images = files.filter((file) => mediumOf(file) === "image");
  const isTile = images.length > LARGE_PICTURES;
  const show = (file: FileInfo) => {
    viewer.viewed.value = { key, files: images, place: images.indexOf(file) };
  };
  return html`
    <div class="files">
      ${images.length > 0 && html`
        <div class=${isTile ? "pictures tiles" : "pictures"}>
          ${images.map((file) =>
            html`
              <${Picture} key=${file.id} viewer=${viewer} file=${file} isTile=${isTile}
                onOpen=${() => show(file)} />
            `
          )}
        </div>
      `}
      ${files.map((file) => {
        const medium = mediumOf(file);
        if (medium === "image") return null;
        const View = medium === "other" ? FileRow : Player;
        return html`<${View} key=${file.id} viewer=${viewer} file=${file} />`;
      })}
    </div>
  `;
});

interface PictureProps extends FileProps {
  isTile: boolean;
  onOpen(): void;
}

/** Its box has its size before it is loaded, so that nothing moves then. */
function Picture({ viewer, file, isTile, onOpen }: PictureProps) {
  const { name, thumbnailUrl, url } = file;
  const { address, isFaulty, refused } = useFileAddress(viewer, thumbnailUrl ?? url);
  const { width, height } = boxOf(file);
  return html`
    <button class="picture" type="button" title=${name} onClick=${onOpen}
      style=${isTile ? null : { width: `${width}px`, aspectRatio: `${width} / ${height}` }}>
      ${isFaulty
        ? html`<span class="faint">${name} cannot be shown.</span>`
        : html`<img src=${address} alt=${name} loading="lazy" decoding="async" onError=${refused} />`}
    </button>
  `;
}

function Player({ viewer, file }: FileProps) {
  const { address, isFaulty, refused } = useFileAddress(viewer, file.url);
  const medium = mediumOf(file);
  if (isFaulty) return html`<${FileRow} viewer=${viewer} file=${file} />`;
  return html`
    <figure class="player">
      ${medium === "audio"
        ? html`
          <audio src=${address} controls preload="none" aria-label=${file.name}
            onError=${refused}></audio>
        `
        : html`
          <video src=${address} controls preload="metadata" playsinline
            aria-label=${file.name} onError=${refused}></video>
        `}
      <figcaption><${FileRow} viewer=${viewer} file=${file} /></figcaption>
    </figure>
  `;
}

/** Its name and size, and a button that saves it. */
function FileRow({ viewer, file }: FileProps) {
  const { name, size } = file;
  const save = () => saveFile(viewer, file);
  return html`
    <p class="file">
      <${Icon} name="file" />
      <span class="file-name" dir="auto" title=${name}>${name}</span>
      <small>${describeSize(size)}</small>
      <button class="quiet" type="button" aria-label=${`Download ${name}`} title="Download"
        onClick=${save}><${Icon} name="download" /></button>
    </p>
  `;
}
