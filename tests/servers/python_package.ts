/** Installs packages of Python's index, each once, into the user's cache. */
import { dirname, join } from "node:path";
import { isFile, onPath } from "./service.ts";

const INSTALL_LIMIT_MS = 10 * 60_000;

/**
 * Installs a package with pip into a folder of its own, unless it is there.
 * @param requirement with its version, such as `SecantusDB==0.7.0b3`
 * @returns the path of the Python that finds it; its programs are beside it
 */
export async function installPackage(requirement: string, signal: AbortSignal): Promise<string> {
  const folder = join(cacheFolder(), requirement.replace("==", "-"));
  const python = join(folder, "bin", "python3");
  if (await isFile(python)) return python;
  if (!await onPath("python3")) throw new Error("no python3 on PATH");
  console.log(`Installing ${requirement} into ${folder}, once …`);
  await Deno.mkdir(dirname(folder), { recursive: true });
  const draft = await Deno.makeTempDir({ dir: dirname(folder), prefix: "installing_" });
  try {
    const limit = AbortSignal.timeout(INSTALL_LIMIT_MS);
    await pipInstall(draft, requirement, AbortSignal.any([signal, limit]));
    // Atomic; if another run was faster, its folder is used.
    await Deno.rename(draft, folder).catch(async (error) => {
      if (!await isFile(python)) throw error;
    });
  } finally {
    await Deno.remove(draft, { recursive: true }).catch(() => {});
  }
  return python;
}

async function pipInstall(folder: string, requirement: string, signal: AbortSignal): Promise<void> {
  const python = join(folder, "bin", "python3");
  let pip = [python, "-m", "pip"];
  try {
    await run(["python3", "-m", "venv", folder], signal);
  } catch {
    signal.throwIfAborted();
    // Debian has Python without ensurepip; then the system's pip installs into the folder.
    await run(["python3", "-m", "venv", "--without-pip", "--clear", folder], signal);
    pip = ["python3", "-m", "pip", "--python", python];
  }
  await run([...pip, "install", "--disable-pip-version-check", requirement], signal);
}

export function cacheFolder(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") || join(Deno.env.get("HOME") ?? ".", ".cache");
  return join(cache, "echoroom");
}

/** Runs a command to its end and returns what it wrote. */
export async function run([program, ...args]: string[], signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const { success, stdout, stderr } = await new Deno.Command(program!, { args, signal }).output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  const reason = decoder.decode(stderr).match(/.*error: (.+)/i)?.[1];
  throw new Error(reason ?? `${program} failed`);
}
