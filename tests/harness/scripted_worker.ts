/** A worker whose starts follow a file in the data folder, one word per start; the last word repeats. */
import { createBirpc } from "birpc";
import type { Config } from "../../src/config.ts";
import type { SupervisorCalls, WorkerCalls } from "../../src/workers/calls.ts";

const MIGRATION_MS = 500;

const thread = self as unknown as {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(data: unknown): void;
};

createBirpc<SupervisorCalls, WorkerCalls>({
  start({ dataDir }: Config) {
    const [word = "", ...rest] = Deno.readTextFileSync(`${dataDir}/script`).split(" ");
    if (rest.length > 0) Deno.writeTextFileSync(`${dataDir}/script`, rest.join(" "));
    Deno.writeTextFileSync(`${dataDir}/starts`, `${word} `, { append: true });
    if (word === "refuse") return Promise.resolve({ faults: ["PORT is taken"] });
    if (word === "throw") throw new Error("thrown at the start");
    if (word === "die") setTimeout(() => thrown());
    if (word === "hang") setTimeout(hang);
    if (word === "migrate") {
      return new Promise((resolve) => {
        setTimeout(() => resolve({ port: 1, description: word }), MIGRATION_MS);
      });
    }
    return Promise.resolve({ port: 1, description: word });
  },
  receive() {},
  ping() {},
  metrics: () => Promise.resolve([]),
  end: () => Promise.resolve(),
}, {
  post: (data) => thread.postMessage(data),
  on: (listener) => thread.onmessage = ({ data }) => listener(data),
});

function thrown(): never {
  throw new Error("died");
}

function hang(): never {
  while (true);
}
