/** Why a file or folder cannot be used, without the runtime's wording. */
import { access, constants } from "node:fs/promises";
import { dirname, resolve } from "node:path";

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "this user has no permission",
  EPERM: "this user has no permission",
  EEXIST: "a file is in the way",
  ENOTDIR: "a file is in the way",
  EISDIR: "it is a folder",
  ENOENT: "there is no such place",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "its links lead in a circle",
};

/** @param error of the file system, of the runtime's permissions, or one that names the reason */
export function fileFault(error: unknown): string {
  if (isSystemPlace(error)) return "it is a place of the operating system";
  if (error instanceof Deno.errors.NotCapable) {
    return "the runtime lacks --allow-read or --allow-write for it";
  }
  const { code, message } = error as { code?: string; message?: string };
  return REASONS[code ?? ""] ?? String(message ?? error).split("\n", 1)[0]!;
}

/** Below `/proc`, `/sys` and `/dev` the runtime wants all permissions, which a server should not have. */
function isSystemPlace(error: unknown): boolean {
  return error instanceof Deno.errors.NotCapable && error.message.includes("--allow-all");
}

/** The line for a setting's folder that cannot be used. */
export function folderFault(
  setting: "DATA_DIR" | "FILES_DIR",
  path: string,
  error: unknown,
): string {
  const fix = error instanceof Deno.errors.NotCapable && !isSystemPlace(error)
    ? "start with `deno task start`, or set it to a folder that the flags allow"
    : "set it to a folder that can be written";
  return `${setting} is ${JSON.stringify(path)}, where nothing can be kept (${
    fileFault(error)
  }); ${fix}`;
}

/**
 * Checks whether a folder can be written or created, without changing anything.
 * @throws an error for `fileFault` if it cannot
 */
export async function checkFolder(path: string): Promise<void> {
  let place = resolve(path);
  while (!await isFolder(place)) place = dirname(place);
  await access(place, constants.W_OK | constants.X_OK);
}

/** @returns false if there is nothing */
async function isFolder(path: string): Promise<boolean> {
  try {
    if ((await Deno.stat(path)).isDirectory) return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  throw new Error(REASONS.ENOTDIR);
}
