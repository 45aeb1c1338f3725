/**
 * A worker with the client in a runtime that lacks what React Native with Hermes, or a page on plain
 * http, lacks. It gets a server, its user's token and a room, and answers with the room's texts.
 */
const { WebSocket, fetch } = globalThis;

const LACKING: [object, string[]][] = [
  [globalThis, ["atob", "btoa", "crypto", "TextEncoder", "TextDecoder", "structuredClone"]],
  [globalThis, ["URLSearchParams", "location", "localStorage", "navigator", "BroadcastChannel"]],
  [globalThis, ["Headers", "Response", "Request", "EventTarget", "Event", "CustomEvent"]],
  [globalThis, ["addEventListener", "removeEventListener"]],
  [AbortSignal, ["timeout", "any"]],
  [Promise, ["withResolvers", "try"]],
  [Object, ["groupBy"]],
  [Array, ["fromAsync"]],
  [Array.prototype, ["findLast", "findLastIndex", "toSorted", "toReversed", "toSpliced", "with"]],
];

/** React Native's has its text, but no parts. */
class TextOnlyUrl {
  readonly href: string;

  constructor(url: string, base?: string) {
    if (base !== undefined) throw new Error("not implemented");
    this.href = String(url);
  }

  get host(): string {
    throw new Error("not implemented");
  }

  get searchParams(): never {
    throw new Error("not implemented");
  }
}

interface Task {
  server: string;
  token: string;
  room: string;
}

const thread = self as unknown as {
  onmessage: (event: { data: Task }) => void;
  postMessage(answer: unknown): void;
};

thread.onmessage = async ({ data }) => {
  for (const [owner, names] of LACKING) {
    for (const name of names) Object.defineProperty(owner, name, { value: undefined });
  }
  Object.defineProperty(globalThis, "URL", { value: TextOnlyUrl });
  thread.postMessage(await chat(data));
};

async function chat({ server, token, room: name }: Task) {
  // Imported only now, so that it cannot use what was removed.
  const { createClient } = await import("../../src/client/mod.ts");
  const client = createClient(server, { WebSocket, fetch, token: () => Promise.resolve(token) });
  client.connect();
  const room = client.join(name);
  while (room.state.get().status !== "live") {
    await new Promise<void>((resolve) => room.state.subscribe(resolve));
  }
  await room.send("From a bare runtime");
  const { messages } = await client.api.readMessages(room.id, { limit: 1 });
  const texts = room.messages.get().map(({ text }) => text);
  client.close();
  return { texts, last: messages[0]!.text };
}
