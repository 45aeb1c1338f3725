/** Files as they go over the wire. */

/** A file, as messages show it; nothing of it changes. */
export interface File {
  /** Opaque. */
  id: string;
  /** Cleaned by the server: without a path, control characters and direction overrides. */
  name: string;
  /** The media type that its bytes were found to be. */
  type: string;
  /** In bytes. */
  size: number;
  /** In pixels; null unless it is an image. */
  width: number | null;
  /** The same. */
  height: number | null;
  /** A path on the server; `?token=` behind it says who asks. */
  url: string;
  /** The same for a small picture of an image; null if it has none. */
  thumbnailUrl: string | null;
  /** ISO 8601, UTC. */
  createdAt: string;
}

/** How to upload a file's bytes without the server. */
export interface FileUpload {
  url: string;
  method: string;
  headers: Record<string, string>;
  /** ISO 8601, UTC. */
  expiresAt: string;
}
