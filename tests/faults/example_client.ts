/** An example for `deno task check:client`: EchoRoom's own client, which prints what it shows. */
import { createClient } from "../../src/client/mod.ts";
import type { Errand } from "./command_client.ts";

const PRINT_MS = 100;

const input = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();
let line = "";
while (!line.includes("\n")) line += (await input.read()).value ?? "\n";
const { url, token, roomIds }: Errand = JSON.parse(line);

const client = createClient(url, { token: () => Promise.resolve(token) });
const printed = new Map<string, string>();
client.connect();
for (const roomId of roomIds) {
  const room = client.join(roomId);
  setInterval(() => {
    const messages = room.messages.get().map((message) => ({ ...message, roomId }));
    const text = JSON.stringify({ roomId, lastSeq: room.cursor, messages });
    if (room.cursor > 0 && text !== printed.get(roomId)) console.log(text);
    printed.set(roomId, text);
  }, PRINT_MS);
}

while (!(await input.read()).done);
Deno.exit();
