/** Avatars that this server keeps: where their bytes are, and the paths that profiles have of them. */
import { blobKey } from "./blob_key.ts";

const PATH = /^\/avatars\/([0-9a-f]{32})$/;

/** What profiles have as `avatarUrl` for the blob at a key. */
export function avatarPath(key: string): string {
  return `/avatars/${key.split("/").at(-1)}`;
}

/** The key of the blob that an `avatarUrl` leads to; null for null and for pictures elsewhere. */
export function avatarKey(avatarUrl: string | null): string | null {
  const id = PATH.exec(avatarUrl ?? "")?.[1];
  return id === undefined ? null : blobKey("avatars", id);
}
