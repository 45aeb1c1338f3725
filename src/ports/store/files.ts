/** The port of files: what is known of them, and which messages they are in. */
import type { File, FileContent, FileRefusal, FileState } from "../../domain/file.ts";

/**
 * See {@linkcode Store} for the guarantees of every method. Which messages a file is in is told by the
 * messages: from the moment that an append resolves, every read on any instance shows the files of
 * its messages as `attached`, and those whose last message it has deleted as `deleted`, or as `reported`
 * while a report of a message has them. What has been found so by `collect` counts for nothing.
 */
export interface FileStore {
  /**
   * Adds a file that is being uploaded, and reserves its `quotaBytes`: while the files of its owner
   * count for at most `quota` bytes. Of several at once that do not fit together none may be added.
   * @param dueAt when it is collected if it has not been completed
   * @returns whether it was added
   */
  create(file: File, quota: number, dueAt: Date): Promise<boolean>;
  /**
   * Has an upload count for more bytes, while the files of its owner count for at most `quota`.
   * @returns false if they would count for more, and then less has to be reserved, or the upload
   *   aborted; true also if there is no such upload any more, which `complete` tells
   */
  reserve(id: string, quotaBytes: number, quota: number): Promise<boolean>;
  /**
   * Makes an upload a file that is ready: of several at once one does, and its `blobKey` stays.
   * @param dueAt when it is collected if it is in no message
   * @returns false if there is no such upload any more
   */
  complete(id: string, content: FileContent, dueAt: Date): Promise<boolean>;
  /**
   * Marks an upload as deleted that has not been completed.
   * @param leaseEnd before it `collect` of others does not return it
   * @returns the upload; null if there is none any more
   */
  abort(id: string, leaseEnd: Date): Promise<File | null>;
  find(id: string): Promise<File | null>;
  /**
   * Binds files to a room for a message that is about to be appended, so that they are not deleted
   * for `CLAIM_MS`: all of them, or none. What several messages claim at once stays claimed for all
   * of that time, whatever is released.
   */
  claim(ids: readonly string[], claim: FileClaim): Promise<ClaimOutcome>;
  /**
   * Gives up the claims of a message that was not appended: its files are bound to no room by it.
   * To be called only once it is known that the log will never have it.
   */
  release(ids: readonly string[], messageId: string): Promise<void>;
  /**
   * Marks a file as deleted that is in no message and that no message claims.
   * @param leaseEnd before it `collect` of others does not return it
   * @returns the file; null if it is in a message, claimed, or not there
   */
  discard(id: string, now: Date, leaseEnd: Date): Promise<File | null>;
  /**
   * Marks files as deleted that nobody gets any more: uploads that were not completed and files that
   * are in no message, once they are due, and those whose last message was deleted. Those that are in
   * a report are looked at again `REPORTED_MS` later. Returned are also
   * those that were marked before and whose lease has ended: the caller removes the bytes of each,
   * then the file.
   * @param limit how many are looked at
   * @param leaseEnd until then no other call returns the same
   */
  collect(now: Date, leaseEnd: Date, limit: number): Promise<File[]>;
  /** Removes a file that is marked as deleted. */
  remove(id: string): Promise<void>;
  /** All files by id, page by page; `attached` and `reported` ones are shown as `ready`. */
  list(after: string, limit: number): Promise<StoredFile[]>;
}

/** For what message files are bound to what room. */
export interface FileClaim {
  ownerId: string;
  roomId: string;
  messageId: string;
  at: Date;
}

/** The files claimed, in the order asked for; or why the first was refused that was. */
export type ClaimOutcome = { files: File[] } | { refusal: FileRefusal };

/** What the store keeps for a blob. */
export interface StoredFile
  extends Pick<File, "id" | "blobKey" | "size" | "hasThumbnail" | "createdAt"> {
  state: Exclude<FileState, "attached" | "reported">;
}
