/** What a suite may need beside the code: found, started, or missing for a reason. */

/** A service that suites can use: what to tell people and test files, and how to end it. */
export interface Service {
  /** One line: what it is and where it comes from. */
  description: string;
  /** Environment variables that tell test files how to reach it. */
  env: Record<string, string>;
  stop(): Promise<void>;
}

/** Why a service cannot be had, and what would help. */
export class Missing extends Error {}

/** The first of `names` that is on the PATH, with its folder; undefined if none is. */
export async function onPath(...names: string[]): Promise<string | undefined> {
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  for (const path of names.flatMap((name) => folders.map((folder) => `${folder}/${name}`))) {
    const isFile = await Deno.stat(path).then((info) => info.isFile, () => false);
    if (isFile) return path;
  }
}

/** A port that nobody listens on now. */
export function freePort(): number {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  listener.close();
  return port;
}
