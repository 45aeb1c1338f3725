/** Where files are shown: among a room's messages, or in reports of them. */
import type { Signal } from "@preact/signals";
import type { FileInfo } from "../../src/client/rest/mod.ts";
import type { Notice } from "../notice.ts";

/** The pictures that are looked at, and which of them is shown. */
export interface Viewed {
  /** Of the message, or the report, that has them. */
  key: string;
  files: readonly FileInfo[];
  place: number;
}

export interface FileViewer {
  readonly notice: Pick<Notice, "sayError">;
  /** Null while none are. */
  readonly viewed: Signal<Viewed | null>;
  /** The address of a file, for the elements that show it. */
  fileUrl(path: string): Promise<string>;
}
