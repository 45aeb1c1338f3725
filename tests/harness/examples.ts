/** The examples in the documents: what is in them as code that somebody would run. */
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Where documents lie, and the comments that become the client's reference. */
const FOLDERS = [
  { folder: "", ending: ".md" },
  { folder: "bench/", ending: ".md" },
  { folder: "deploy/", ending: ".md" },
  { folder: "docs/", ending: ".md" },
  { folder: "docs/guides/", ending: ".md" },
  { folder: "src/client/", ending: ".md" },
  { folder: "src/client/", ending: ".ts" },
  { folder: "src/client/rest/", ending: ".ts" },
  { folder: "src/client/testing/", ending: ".ts" },
];
/** Others show what is printed, a configuration or a picture. */
const LANGUAGES = ["sh", "ts", "tsx", "js", "jsx"];

/** Run by `examples_browser_test.ts`; `examples_process_test.ts` runs the rest. */
export const IN_BROWSER = [
  "docs/client.md, Ten lines from another origin, ts 1",
  "docs/client.md, Sign in, ts 1",
  "docs/client.md, React, tsx 1",
  "src/client/README.md, EchoRoom's client, tsx 1",
  "src/client/react.ts, tsx 1",
];

const VITE = "docs/guides/vite.md";

/** Built and used by `guides_browser_test.ts` and `guides_test.ts`. */
export const IN_GUIDES = [
  `${VITE}, 2. The client, ts 1`,
  `${VITE}, 3. Sign-in, tsx 1`,
  `${VITE}, 4. A room, tsx 1`,
  `${VITE}, 5. The rooms, and all together, tsx 1`,
  `${VITE}, 1. The app, sh 1`,
  "docs/guides/nextjs.md, Next.js, tsx 1",
  "docs/guides/nextjs.md, Next.js, tsx 2",
  "docs/guides/nextjs.md, Next.js, ts 1",
  "docs/guides/nextjs.md, Next.js, tsx 3",
  "docs/guides/react_native.md, React Native, ts 1",
];

/** The only examples that nothing runs, and why. */
export const NOT_RUN: Record<string, string> = {
  "README.md, Two commands, sh 2": "is the suite itself",
  "README.md, With MongoDB, sh 1":
    "its database is the reader's; server_mongodb_test.ts starts one",
  "CONTRIBUTING.md, Set up, sh 1": "is the suite itself, and `deno task dev` is run for the README",
  "bench/README.md, One command, sh 1": "takes more than an hour, and Rust and Go",
  "bench/README.md, What growth costs, sh 1": "takes many minutes",
  "bench/README.md, What growth costs, sh 2": "takes many minutes",
  "bench/README.md, What growth costs, sh 3": "takes many minutes",
  "bench/README.md, What growth costs, sh 4": "takes many minutes",
  "bench/README.md, Files, sh 1": "takes minutes, and a machine that does nothing else",
  "bench/README.md, How it works, sh 1": "is the load generator, which takes Rust",
  [`${VITE}, A chat with Vite and React, sh 1`]: "is run for the README and for the package",
  [`${VITE}, 6. Run it, sh 1`]: "runs until it is stopped; the app is built instead",
  [`${VITE}, 7. In production, sh 1`]: "is what guides_browser_test.ts does with TEST_VITE",
  "docs/client.md, Show messages, ts 2":
    "does something after a minute only; client_reading_test.ts does the same",
  "docs/operations.md, Docker, sh 1": "takes a Docker daemon",
  "docs/protocol.md, Check your client, sh 1":
    "takes minutes; faults_sqlite_test.ts runs its example through the same check",
};

export interface Example {
  /** The file, the heading, the language, and which one of that language it is under the heading. */
  place: string;
  code: string;
}

/** All examples of all documents. */
export async function readExamples(): Promise<Example[]> {
  const examples: Example[] = [];
  for (const { folder, ending } of FOLDERS) {
    for await (const { name } of Deno.readDir(ROOT + folder)) {
      if (!name.endsWith(ending)) continue;
      const file = folder + name;
      examples.push(...examplesIn(file, await Deno.readTextFile(ROOT + file)));
    }
  }
  return examples;
}

/** @param place as in {@linkcode Example} */
export async function readExample(place: string): Promise<string> {
  const example = (await readExamples()).find((example) => example.place === place);
  if (!example) throw new Error(`no example at ${place}`);
  return example.code;
}

/**
 * The files of a guide, each of which names itself in its first line.
 * @param replaced what takes the place of what the guide says
 */
export async function guideFiles(
  guide: string,
  replaced: Record<string, string> = {},
): Promise<Record<string, string>> {
  const text = await Deno.readTextFile(`${ROOT}docs/guides/${guide}.md`);
  const blocks = text.matchAll(/^```\w+\n((?:\/\/|\/\*) (\S+\.\w+)\b[^]*?)^```$/gm);
  return Object.fromEntries([...blocks].map(([, code, file]) => {
    const replace = (code: string, [from, to]: [string, string]) => code.replaceAll(from, to);
    return [file!, Object.entries(replaced).reduce(replace, code!)];
  }));
}

/** The example with a server's address in place of the one that it shows. */
export function addressedTo(url: string, code: string): string {
  return code.replace(/http:\/\/localhost:3000|https:\/\/chat\.example\.com/, url);
}

function examplesIn(file: string, text: string): Example[] {
  const isCode = file.endsWith(".ts");
  const lines = isCode ? commentsIn(text) : text.split("\n");
  const examples: Example[] = [];
  const counts = new Map<string, number>();
  let heading = "";
  let open: { language: string; indent: number; lines: string[] } | null = null;
  for (const line of lines) {
    const fence = /^(\s*)```(\w*)/.exec(line);
    if (open && !fence) open.lines.push(line.slice(open.indent));
    else if (open) {
      const where = [file, heading, open.language].filter(Boolean).join(", ");
      const count = (counts.get(where) ?? 0) + 1;
      counts.set(where, count);
      const code = open.lines.join("\n") + "\n";
      if (LANGUAGES.includes(open.language)) examples.push({ place: `${where} ${count}`, code });
      open = null;
    } else if (fence) open = { language: fence[2]!, indent: fence[1]!.length, lines: [] };
    else if (!isCode) heading = /^#+ (.*)/.exec(line)?.[1] ?? heading;
  }
  return examples;
}

function commentsIn(text: string): string[] {
  return text.split("\n").filter((line) => /^\s*\*/.test(line))
    .map((line) => line.replace(/^\s*\* ?/, ""));
}
