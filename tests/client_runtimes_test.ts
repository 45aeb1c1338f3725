/** The client over other sockets than the browser's, and where a runtime lacks what browsers have. */
import assert from "node:assert/strict";
import type * as Undici from "undici-types";
// @ts-types="@types/ws"
import { WebSocket as WsWebSocket } from "ws";
import { type ClientOptions, createClient, type EchoRoomError } from "../src/client/mod.ts";
import { Account } from "./harness/account.ts";
import { enter, onServer, texts } from "./harness/client_world.ts";

// What compiles may be given: the test's failure is this file's.
type Sockets = [typeof WebSocket, typeof WsWebSocket, typeof Undici.WebSocket];
type Fetches = [typeof fetch, typeof Undici.fetch];
const _sockets = (all: Sockets): ClientOptions["WebSocket"][] => all;
const _fetches = (all: Fetches): ClientOptions["fetch"][] => all;

Deno.test("the client chats over the WebSocket of the package ws", () =>
  onServer(async ({ newPerson, newRoom }) => {
    const ada = await newPerson("Ada", { WebSocket: WsWebSocket });
    const room = await enter(ada.client, await newRoom(ada));
    await room.send("Over ws");
    assert.deepEqual(texts(room), ["Ada created the room", "Over ws"]);
  }));

Deno.test("the client chats in a runtime without what React Native lacks", () =>
  onServer(async ({ server }) => {
    const account = await Account.register(server.url, "Ada");
    const { slug } = await account.createRoom("Room");
    const worker = new Worker(import.meta.resolve("./harness/bare_runtime.ts"), { type: "module" });
    const answer = await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
      worker.postMessage({ server: server.url, token: account.token, room: slug });
    });
    worker.terminate();
    assert.deepEqual(answer, {
      texts: ["Ada created the room", "From a bare runtime"],
      last: "From a bare runtime",
    });
  }));

for (const name of ["WebSocket", "fetch"] as const) {
  Deno.test(`where there is no ${name} the client says which option to give`, () => {
    const own = Object.getOwnPropertyDescriptor(globalThis, name)!;
    Object.defineProperty(globalThis, name, { value: undefined, configurable: true });
    try {
      assert.throws(() => createClient("http://localhost"), (error: EchoRoomError) => {
        assert.match(error.message, new RegExp(`no ${name}: .*option \`${name}\``));
        return error.code === "unreachable";
      });
    } finally {
      Object.defineProperty(globalThis, name, own);
    }
  });
}

Deno.test("a server's URL that is not http or https is refused with a message", () => {
  for (
    const url of ["", "chat.example.com", "ws://localhost:3000", "localhost:3000", "http://", "/"]
  ) {
    assert.throws(
      () => createClient(url),
      { name: "EchoRoomError", code: "validation_failed" },
      url,
    );
  }
});

Deno.test("a server's URL may have a path, with or without a trailing slash", () =>
  onServer(async ({ server }) => {
    for (
      const url of [server.url, `${server.url}/`, `${server.url}/chat`, `${server.url}/chat/?a#b`]
    ) {
      const asked: string[] = [];
      const client = createClient(url, {
        fetch: (url) => {
          asked.push(url);
          return Promise.reject(new Error("not asked"));
        },
      });
      await client.api.login({ email: "", password: "" }).catch(() => {});
      const path = url.includes("chat") ? "/chat" : "";
      assert.deepEqual(asked, [`${server.url}${path}/auth/login`]);
    }
  }));
