/** A file that a user has uploaded, and what messages show of it. */
import type { ErrorCode } from "./errors.ts";

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
  /** Whether a smaller picture is kept beside it; an image that is small itself needs none. */
  hasThumbnail: boolean;
  createdAt: Date;
}

/**
 * `uploading`: its bytes are coming, or were never completed; `ready`: complete and checked, and never
 * in a message; `attached`: in a message; `reported`: in none any more, but in a report of one, and for
 * those alone who may read that; `deleted`: nobody gets it any more, because its uploader or whoever
 * deleted its last message has deleted it, or because it was in none for too long.
 */
export type FileState = "uploading" | "ready" | "attached" | "reported" | "deleted";

export interface File extends Attachment {
  ownerId: string;
  state: FileState;
  /** Bytes that count against the owner's quota: those reserved, then those stored with thumbnails. */
  quotaBytes: number;
  /** The key of its bytes in the blob store; unguessable. Its thumbnail is at `thumbnailKey`. */
  blobKey: string;
  /** The one room whose messages it can be in; null before its first message. */
  roomId: string | null;
}

/** What is known of a file once its bytes are complete. */
export type FileContent = Pick<
  File,
  "type" | "size" | "width" | "height" | "hasThumbnail" | "quotaBytes" | "blobKey"
>;

/** A file is bound to a room before the message with it is appended, and so long at most without. */
export const CLAIM_MS = 60_000;
/** Claims a file for several messages: it ends by its time, because releases say nothing of others. */
export const SEVERAL_MESSAGES = "";
/** What is in no message so long after its upload is deleted. */
export const UNATTACHED_MS = 24 * 60 * 60_000;
/** So often it is looked at whether what is in no message is still in a report. */
export const REPORTED_MS = 24 * 60 * 60_000;
/** An upload that takes longer is given up. */
export const UPLOAD_MS = 60 * 60_000;
/** For so many seconds a token for files is good. */
export const FILE_TOKEN_SECONDS = 600;
/** What a file counts at least: what is kept of it beside its bytes takes room as well. */
export const MIN_QUOTA_BYTES = 4 * 1024;

/** Where the thumbnail is of the image at a key. */
export function thumbnailKey(blobKey: string): string {
  return `${blobKey}-thumb`;
}

/** Whether nobody reads it any more but in reports. */
export function isGone({ state }: Pick<File, "state">): boolean {
  return state === "reported" || state === "deleted";
}

/** What a message shows of a file. */
export function attachmentOf(file: Attachment): Attachment {
  const { id, name, type, size, width, height, hasThumbnail, createdAt } = file;
  return { id, name, type, size, width, height, hasThumbnail, createdAt };
}

/** An attachment that was read from JSON, in which times are texts. */
export function reviveAttachment(json: Attachment): Attachment {
  return { ...json, createdAt: new Date(json.createdAt) };
}

/** Why a file cannot be in a message. */
export type FileRefusal = Extract<
  ErrorCode,
  "file_not_found" | "file_not_ready" | "file_in_use"
>;

/**
 * Why a file cannot be in a message that a user is about to send to a room; null if it can.
 * @param isClaimed whether another message is about to be appended with it
 */
export function refusalOf(
  file: File | null,
  { ownerId, roomId }: Pick<File, "ownerId" | "roomId">,
  isClaimed: boolean,
): FileRefusal | null {
  if (!file || file.ownerId !== ownerId || isGone(file)) return "file_not_found";
  if (file.state === "uploading") return "file_not_ready";
  const isBound = file.state === "attached" || isClaimed;
  return isBound && file.roomId !== roomId ? "file_in_use" : null;
}
