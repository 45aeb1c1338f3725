/**
 * Measures what logins at cost 12 do to the delivery of messages: quiet and busy in turn, as ratios.
 *
 * A message is delivered once it is durable, so that a disk with slow moments shows in both. To see
 * the logins alone, name a folder in memory, a tmpfs: `deno task bench:logins FOLDER`.
 */
import { DatabaseSync } from "node:sqlite";
import { Account, request } from "../tests/harness/account.ts";
import { spawnServer } from "../tests/harness/server.ts";
import { TestSocket } from "../tests/harness/socket.ts";

const ROUNDS = 3;
const ROUND_MS = 5_000;
const MEMBERS = 10;
const MESSAGES_PER_SECOND = 50;
const LOGINS_AT_ONCE = 8;

const folder = await Deno.makeTempDir(Deno.args[0] === undefined ? {} : { dir: Deno.args[0] });
const server = await spawnServer({ BCRYPT_COST: "12", DATA_DIR: folder });
const ada = await Account.register(server.url, "Ada");
const room = await ada.createRoom("Bench");
const members = await Promise.all(Array.from({ length: MEMBERS }, () => TestSocket.connect(ada)));
await Promise.all(members.map((member) => member.call("room:join", { roomId: room.id })));
let sent = 0;

console.log(
  `${MEMBERS} sockets in a room, ${MESSAGES_PER_SECOND} messages/s; ${LOGINS_AT_ONCE} logins at once, bcrypt cost 12`,
);
const ratios: number[] = [];
for (let round = 1; round <= ROUNDS; round++) {
  const quiet = await measure();
  let logins = 0;
  let busy = true;
  const clients = Array.from({ length: LOGINS_AT_ONCE }, async () => {
    const { email, password } = ada;
    while (busy) {
      const { status } = await request(server.url, "POST", "/auth/login", {
        body: { email, password },
      });
      if (status !== 200) throw new Error(`login answered ${status}`);
      logins++;
    }
  });
  const loud = await measure();
  busy = false;
  await Promise.all(clients);
  const disk = await measureDisk();
  ratios.push(loud.p99 / quiet.p99);
  console.log(
    `round ${round}: quiet p50 ${show(quiet.p50)} p99 ${show(quiet.p99)}; ` +
      `with logins p50 ${show(loud.p50)} p99 ${show(loud.p99)} (${
        (logins / ROUND_MS * 1000).toFixed(1)
      } logins/s); a bare commit p50 ${show(disk.p50)} p99 ${show(disk.p99)}`,
  );
}
const median = ratios.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
console.log(`delivery p99 with logins ÷ quiet, median of ${ROUNDS}: ${median.toFixed(2)}`);
await Promise.all(members.map((member) => member.close()));
await server.stop();
await Deno.remove(folder, { recursive: true });

/** Sends for one round; returns the times from a send to its arrival at the other members, in ms. */
async function measure(): Promise<{ p50: number; p99: number }> {
  const delays: number[] = [];
  const sentAt = new Map<string, number>();
  const [sender, ...others] = members;
  const listen = (event: MessageEvent) => {
    const { event: name, data } = JSON.parse(event.data);
    const at = name === "message:new" ? sentAt.get(data.message.text) : undefined;
    if (at !== undefined) delays.push(performance.now() - at);
  };
  for (const { socket } of others) socket.addEventListener("message", listen);
  const end = performance.now() + ROUND_MS;
  while (performance.now() < end) {
    const text = `message ${sent++}`;
    sentAt.set(text, performance.now());
    sender!.send("message:send", { roomId: room.id, text });
    await new Promise((resolve) => setTimeout(resolve, 1000 / MESSAGES_PER_SECOND));
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (const { socket } of others) socket.removeEventListener("message", listen);
  return quantiles(delays);
}

/** Commits as often as the messages come, with nothing else going on: what the disk alone costs. */
async function measureDisk(): Promise<{ p50: number; p99: number }> {
  const database = new DatabaseSync(`${folder}/bare.db`);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  database.exec("CREATE TABLE IF NOT EXISTS bare (text TEXT)");
  const insert = database.prepare("INSERT INTO bare VALUES (?)");
  const delays: number[] = [];
  const end = performance.now() + ROUND_MS;
  while (performance.now() < end) {
    const start = performance.now();
    insert.run("x".repeat(300));
    delays.push(performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, 1000 / MESSAGES_PER_SECOND));
  }
  database.close();
  return quantiles(delays);
}

function quantiles(delays: number[]): { p50: number; p99: number } {
  delays.sort((a, b) => a - b);
  const at = (share: number) => delays[Math.floor(delays.length * share)] ?? NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

function show(milliseconds: number): string {
  return `${milliseconds.toFixed(1)} ms`;
}
