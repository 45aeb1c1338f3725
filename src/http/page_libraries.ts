/** The libraries of the page, served from the locked packages: browsers load nothing from elsewhere. */
import { fileURLToPath } from "node:url";
// Only what is in the module graph, with what it imports, is sure to be installed.
// @ts-types="./untyped.d.ts"
import "@preact/signals";
// @ts-types="./untyped.d.ts"
import "htm/preact";
import "idb-keyval";

const NAMES = [
  "@preact/signals",
  "@preact/signals-core",
  "htm",
  "htm/preact",
  "idb-keyval",
  "preact",
  "preact/hooks",
];

const IMPORT = /\b(from|import)(\s*)"([^"]+)"/g;

/** The libraries' files, by their paths below `/assets/`. */
export const LIBRARIES: ReadonlyMap<string, string> = new Map(
  NAMES.map((name) => [`lib/${name}.js`, fileURLToPath(import.meta.resolve(name))]),
);

/** Makes the imports of libraries lead to where browsers find them. */
export function addressLibraries(source: string): string {
  return source.replace(IMPORT, (whole, word: string, space: string, name: string) => {
    return NAMES.includes(name) ? `${word}${space}"/assets/lib/${name}.js"` : whole;
  });
}
