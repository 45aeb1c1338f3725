/** The files of the server in memory: what messages show of them, without their bytes. */
import { ChatError } from "../../domain/errors.ts";
import type { File } from "../../protocol/wire/files.ts";
import { newId } from "../platform.ts";

interface Known {
  file: File;
  ownerId: string;
  /** Of the messages that it is in; null before the first. */
  roomId: string | null;
}

export class Files {
  readonly #files = new Map<string, Known>();

  /** Takes an upload: its type is believed, and no picture is looked at. */
  add(ownerId: string, name: string, bytes: Blob): File {
    const id = newId();
    const url = `/files/${id}/${encodeURIComponent(name)}`;
    const type = bytes.type || "application/octet-stream";
    const isImage = type.startsWith("image/");
    const file: File = {
      ...{ id, name, type, size: bytes.size, url },
      ...{ width: isImage ? 1 : null, height: isImage ? 1 : null },
      thumbnailUrl: null,
      createdAt: new Date().toISOString(),
    };
    this.#files.set(id, { file, ownerId, roomId: null });
    return file;
  }

  /**
   * Puts files into a message.
   * @throws ChatError `file_not_found`, `file_in_use`
   */
  attach(ids: readonly string[], ownerId: string, roomId: string): File[] {
    const known = ids.map((id) => {
      const each = this.#files.get(id);
      if (each?.ownerId !== ownerId) {
        throw new ChatError("file_not_found", "There is no such file.");
      }
      if ((each.roomId ?? roomId) !== roomId) {
        throw new ChatError("file_in_use", "The file is in a message of another room.");
      }
      return each;
    });
    for (const each of known) each.roomId = roomId;
    return known.map(({ file }) => file);
  }
}
