/** What is shown of a file until it is uploaded. */
import type { OutgoingFile } from "./commands.ts";

/** A file to be sent, or one that a message has kept whose upload failed, before it goes out. */
export function outgoing(file: Blob | OutgoingFile): OutgoingFile {
  const blob = "blob" in file ? file.blob : file;
  const { type, size } = blob;
  const { name = nameOf(type) } = file as { name?: string };
  return { name, type, size, sent: 0, blob };
}

/** The name of what has none, as a recording: `audio.webm`. */
function nameOf(type: string): string {
  const [, family, format] = /^(?!application)(\w+)\/([\w.-]+)/.exec(type) ?? [];
  return format ? `${family}.${format === "plain" ? "txt" : format}` : "file";
}
