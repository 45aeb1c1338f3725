/** A file that a user has uploaded, and what messages show of it. */

/** What a message shows of a file; it never changes once the file is ready. */
export interface Attachment {
  id: string;
  /** Cleaned: no path, control characters or direction overrides. */
  name: string;
  /** The media type that its bytes were found to be. */
  type: string;
  /** In bytes. */
  size: number;
  /** In pixels; null unless it is an image. */
  width: number | null;
  height: number | null;
  hasThumbnail: boolean;
  createdAt: Date;
}

/**
 * `uploading`: its bytes are coming, or were never completed; `ready`: complete and checked;
 * `deleted`: nobody gets it any more, and its bytes are being removed.
 */
export type FileState = "uploading" | "ready" | "deleted";

export interface File extends Attachment {
  ownerId: string;
  state: FileState;
  /** Bytes that count against the owner's quota: those reserved, then those stored with thumbnails. */
  quotaBytes: number;
  /** The key of its bytes in the blob store; unguessable. Its thumbnail is beside it. */
  blobKey: string;
  /** The one room whose messages it can be in; null before its first message. */
  roomId: string | null;
}
