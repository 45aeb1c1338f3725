/** Two people side by side, each with a client of their own, and buttons that break things. */
import { type Client, createClient, EchoRoomError } from "../src/client/mod.ts";
import { ConnectionBar } from "./connection_bar.ts";
import { element, find, showList } from "./dom.ts";
import { FrameLog } from "./frame_log.ts";
import { RoomView } from "./room_view.ts";

/** A guest, who needs no cookie: two cannot share one. */
interface Guest {
  name: string;
  email: string;
  password: string;
  token: string | null;
}

const fault = find("#intro .fault");
const button = find<HTMLButtonElement>("#begin");

button.addEventListener("click", async () => {
  button.disabled = true;
  fault.textContent = "";
  try {
    await begin();
  } catch (error) {
    fault.textContent = (error as Error).message;
  }
  button.disabled = false;
});

async function begin(): Promise<void> {
  const guests = await Promise.all(["Ada", "Bob"].map(makeGuest));
  const host = createClient(location.origin, { token: () => Promise.resolve(guests[0]!.token) });
  const room = await host.api.createRoom({ name: "Two people" });
  host.close();
  find("#intro").hidden = true;
  const stage = find("#stage");
  stage.hidden = false;
  stage.append(...guests.map((guest) => showPerson(guest, room.slug)));
}

async function makeGuest(name: string): Promise<Guest> {
  const id = crypto.randomUUID();
  const guest = { name, email: `guest-${id}@example.com`, password: id, token: null };
  const { email, password } = guest;
  const token = await askForToken("/auth/register", { email, password, displayName: name });
  return { ...guest, token };
}

/** Without cookies, so that whoever is signed in on the chat page stays so. */
async function askForToken(path: string, body: object): Promise<string> {
  const response = await fetch(path, {
    method: "POST",
    credentials: "omit",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (response.ok) return answer.accessToken;
  throw new EchoRoomError({ message: answer.detail, code: answer.code, status: response.status });
}

function showPerson(guest: Guest, slug: string): HTMLElement {
  const frames = element("ol", { tabIndex: 0, ariaLabel: `${guest.name}'s frames` });
  const log = new FrameLog(() => showFrames(frames, log));
  const client = createClient(location.origin, {
    token: () => takeToken(guest),
    WebSocket: log.WebSocket,
    storage: null,
  });
  const bar = new ConnectionBar(() => client.connect());
  client.connection.subscribe(() => bar.update(client.connection.get()));
  client.connect();
  const room = client.join(slug);
  room.recovery.subscribe(() => bar.sayRecovered(room));
  const view = new RoomView(room, {
    readUpTo: 0,
    onFault: (error) => bar.say(error.message),
    onRead: () => {},
  });
  return element(
    "section",
    { className: "person", ariaLabel: guest.name },
    element("header", {}, element("h2", {}, guest.name), ...breakers(client, log), bar.element),
    view.element,
    element("section", { className: "frames" }, element("h2", {}, "Frames"), frames),
  );
}

/** A token is handed out once: whoever asks again gets a new one. */
async function takeToken(guest: Guest): Promise<string> {
  const { token, email, password } = guest;
  guest.token = null;
  return token ?? await askForToken("/auth/login", { email, password });
}

function breakers(client: Client, log: FrameLog): HTMLElement[] {
  const offline = breaker("Go offline", () => {
    const goes = offline.ariaPressed !== "true";
    offline.ariaPressed = String(goes);
    offline.textContent = goes ? "Come back" : "Go offline";
    log.offline = goes;
    if (!goes) client.connect();
  });
  offline.ariaPressed = "false";
  return [
    offline,
    breaker("Kill my socket", () => log.kill()),
    breaker("Expire my token", () => log.spoilToken()),
  ];
}

function breaker(text: string, work: () => void): HTMLButtonElement {
  const made = element("button", { className: "quiet", type: "button" }, text);
  made.addEventListener("click", work);
  return made;
}

function showFrames(list: HTMLElement, log: FrameLog): void {
  const follows = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  showList(list, log.records, {
    key: ({ number }) => String(number),
    create: ({ direction, title, text }) => {
      const arrow = { sent: "→", received: "←", note: "·" }[direction];
      const summary = element("summary", { className: direction }, `${arrow} ${title}`);
      if (!text) return element("li", { className: direction }, `${arrow} ${title}`);
      return element("li", {}, element("details", {}, summary, element("pre", {}, text)));
    },
  });
  if (follows) list.scrollTop = list.scrollHeight;
}
