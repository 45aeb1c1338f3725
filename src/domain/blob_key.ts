/** The keys under which the bytes of files are stored. */

const BYTES = 16;

/**
 * A key that nobody can guess (128 bits). Its first two segments spread the keys over 4,096 folders,
 * because file systems list large ones slowly. What belongs to it may take it as its beginning
 * (`….thumb`), but not with a slash behind it: a key is no folder.
 */
export function newBlobKey(): string {
  const id = crypto.getRandomValues(new Uint8Array(BYTES)).toHex();
  return `${id.slice(0, 2)}/${id.slice(2, 3)}/${id}`;
}
