/** The blob port: the bytes of files, by keys that the application makes. */

/** A range of bytes, both ends included, as in RFC 9110. */
export interface ByteRange {
  start: number;
  end: number;
}

export interface BlobInfo {
  key: string;
  /** In bytes. */
  size: number;
  modifiedAt: Date;
}

/** A request with which a client uploads bytes without this server. */
export interface PresignedUpload {
  url: string;
  method: "PUT";
  headers: Record<string, string>;
  expiresAt: Date;
}

/** Uploads straight to the blob store, where it has a way for clients to write to it. */
export interface BlobPresigner {
  /** Where its requests go. */
  readonly origin: string;
  /** A request that writes exactly `size` bytes of `type` to `key`, and nothing else. */
  presign(key: string, upload: { size: number; type: string }): Promise<PresignedUpload>;
}

/**
 * Keys are made by the application (`newBlobKey`): 1 to 200 of `A-Za-z0-9-_/.`, without `..` and
 * empty segments; none is another one with a slash and more behind it, because folders hold them.
 *
 * Guarantees of every method:
 * - bytes are streamed with back-pressure: a call holds a bounded number of them in memory;
 * - what a resolved write wrote survives the death of this process;
 * - a write that fails or is cut off leaves nothing that `get`, `stat` or `list` shows;
 * - a store that cannot be reached rejects with `ChatError` `unavailable` within about 5 s of silence;
 *   a full one with `ChatError` `unavailable` whose message says so.
 */
export interface BlobStore {
  /** Which store this is, for the start line: `folder (./data/files)`. */
  readonly description: string;
  /** Null where clients upload through this server only. */
  readonly presigner: BlobPresigner | null;

  /**
   * Writes a blob, in the place of one that has this key. The application makes a new key for each,
   * so that nobody reads one that is being replaced.
   * @param bytes read a chunk at a time, each of which may be overwritten when the next one is asked
   *   for; cancelled if the write fails; if it errors, so does the write, with its error
   * @returns how many bytes were written
   */
  put(key: string, bytes: ReadableStream<Uint8Array>, type: string): Promise<number>;
  /**
   * The bytes of a blob, or of a range that lies within it.
   * @returns null if there is none; who gets bytes iterates them once, to their end or until `return`
   */
  get(key: string, range?: ByteRange): Promise<AsyncIterable<Uint8Array> | null>;
  stat(key: string): Promise<BlobInfo | null>;
  /** Copies a blob inside of the store; false if there is none. */
  copy(from: string, to: string): Promise<boolean>;
  /** Removes a blob, if there is one. */
  delete(key: string): Promise<void>;
  /** At most `limit` blobs with keys that begin with `prefix` and come after `after`, by key. */
  list(prefix: string, after: string, limit: number): Promise<BlobInfo[]>;
  /** Resolves if the store can serve requests now, else rejects with `unavailable`. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
