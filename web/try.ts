/** Two guests side by side, each with a client and with buttons that break its connection. */
import { type Client, createClient, EchoRoomError } from "../src/client/mod.ts";
import { ConnectionBar } from "./connection_bar.ts";
import { element, find, onSubmit, showList } from "./dom.ts";
import { Drafts } from "./drafts.ts";
import { FrameLog } from "./frame_log.ts";
import { credentialsOf, loadParty, type Party, storeParty } from "./party.ts";
import { RoomView } from "./room_view.ts";

/** A guest, signed in without a cookie: two guests cannot share one. */
interface Guest {
  name: string;
  token: string | null;
}

const NAMES = ["Ada", "Bob"];

onSubmit(find<HTMLFormElement>("#intro form"), async () => {
  const party = loadParty();
  const guests = await Promise.all(NAMES.map(async (name): Promise<Guest> => {
    return { name, token: await signIn(name, party) };
  }));
  const room = await openRoom(party, guests[0]!.token!);
  find("#intro").hidden = true;
  const stage = find("#stage");
  stage.hidden = false;
  stage.append(...guests.map((guest) => showPerson(guest, room, party)));
});

/** Signs in as the party's guest of that name; creates the account if it does not exist. */
async function signIn(name: string, party: Party): Promise<string> {
  const credentials = credentialsOf(name, party);
  try {
    return await askForToken("/auth/login", credentials);
  } catch (error) {
    if ((error as EchoRoomError).code !== "invalid_credentials") throw error;
    return await askForToken("/auth/register", { ...credentials, displayName: name });
  }
}

/** The id of the party's room; creates it if it does not exist. */
async function openRoom(party: Party, token: string): Promise<string> {
  const { api } = createClient(location.origin, { token: () => Promise.resolve(token) });
  const known = party.roomId && await api.readRoom(party.roomId).catch((error: EchoRoomError) => {
    if (error.code !== "room_not_found") throw error;
  });
  if (known) return known.id;
  const { id } = await api.createRoom({ name: "Two people" });
  storeParty({ ...party, roomId: id });
  return id;
}

/** Without cookies, so that a user signed in on the chat page stays signed in. */
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

function showPerson(guest: Guest, roomId: string, party: Party): HTMLElement {
  const frames = element("ol", { tabIndex: 0, ariaLabel: `${guest.name}'s frames` });
  const log = new FrameLog(() => showFrames(frames, log));
  const client = createClient(location.origin, {
    token: () => takeToken(guest, party),
    WebSocket: log.WebSocket,
    storage: null,
  });
  const bar = new ConnectionBar(() => client.connect());
  client.connection.subscribe(() => bar.update(client.connection.get()));
  client.connect();
  const room = client.join(roomId);
  room.recovery.subscribe(() => bar.sayRecovered(room));
  const view = new RoomView(room, {
    readUpTo: 0,
    drafts: new Drafts(`${guest.name} of ${party.secret}`),
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

/** Returns the first token once, then a new one each time. */
async function takeToken(guest: Guest, party: Party): Promise<string> {
  const { token } = guest;
  guest.token = null;
  return token ?? await askForToken("/auth/login", credentialsOf(guest.name, party));
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
