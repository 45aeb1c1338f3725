/** The guide for React Native, with what it needs of a phone in memory. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Client } from "../src/client/mod.ts";
import { MemoryStorage } from "../src/client/testing/memory_storage.ts";
import { Account } from "./harness/account.ts";
import { becomes, reaches } from "./harness/client.ts";
import { enter, onServer, shows, texts } from "./harness/client_world.ts";
import { guideFiles } from "./harness/examples.ts";
import { until } from "./harness/stage.ts";

/** The modules of React Native that the guide imports, on what the test holds. */
const STORAGE = `export default globalThis.phone.storage;`;
const REACT_NATIVE = `export const AppState = globalThis.phone.appState;`;

Deno.test("the React Native guide's client keeps what is unsent over a restart of the app", () =>
  onServer(async ({ server }) => {
    const ada = await Account.register(server.url, "Ada");
    const { slug } = await ada.createRoom("General");
    const phone = makePhone();
    Object.assign(globalThis, { phone });
    const tokens = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
      return new Response(ada.token);
    });
    const start = await install(server.url, `http://127.0.0.1:${tokens.addr.port}`);

    const first = await start();
    const room = await enter(first, slug);
    phone.become("background");
    await reaches(first.connection, "idle");
    phone.become("active");
    await reaches(room.state, "live");
    phone.become("background");
    const unsent = assert.rejects(room.send("Written on the way"), { code: "closed" });
    // In a later turn than it is written.
    await until(() => phone.holds("Written on the way"), "it is stored");
    first.close();
    await unsent;

    const second = await start();
    const again = await enter(second, slug);
    await shows(again, 2);
    assert.deepEqual(texts(again), ["Ada created the room", "Written on the way"]);
    await becomes(again.unread, ({ readSeq }) => readSeq !== null);
    second.close();
    await tokens.shutdown();
  }));

function makePhone() {
  const storage = new MemoryStorage();
  const listeners: ((state: string) => void)[] = [];
  return {
    // As `AsyncStorage`: of promises, and without the names of its keys.
    storage: {
      getItem: (key: string) => Promise.resolve(storage.getItem(key)),
      setItem: (key: string, value: string) => Promise.resolve(storage.setItem(key, value)),
      removeItem: (key: string) => Promise.resolve(storage.removeItem(key)),
    },
    holds: (text: string) => {
      const keys = Array.from({ length: storage.length }, (_, i) => storage.key(i)!);
      return keys.some((key) => storage.getItem(key)!.includes(text));
    },
    appState: {
      addEventListener: (_: "change", listener: (state: string) => void) =>
        listeners.push(listener),
    },
    become(state: string) {
      for (const listener of listeners) listener(state);
    },
  };
}

/** Writes the guide's module into a folder. Returns what starts the app, each time anew. */
async function install(server: string, backend: string): Promise<() => Promise<Client>> {
  const folder = await Deno.makeTempDir();
  const files = await guideFiles("react_native", {
    "https://chat.example.com": server,
    "https://app.example.com": backend,
    "@react-native-async-storage/async-storage": "./storage.js",
    '"react-native"': '"./react_native.js"',
    "@echoroom/client": import.meta.resolve("../src/client/mod.ts"),
  });
  await Deno.writeTextFile(join(folder, "storage.js"), STORAGE);
  await Deno.writeTextFile(join(folder, "react_native.js"), REACT_NATIVE);
  await Deno.writeTextFile(join(folder, "chat.ts"), files["chat.ts"]!);
  let starts = 0;
  return async () => (await import(`file://${folder}/chat.ts?${++starts}`)).client;
}
