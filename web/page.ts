/** The page as a whole: the signed-in user, their rooms, and the room that is shown. */
import { createClient, type Room } from "../src/client/mod.ts";
import { addressedRoom } from "./address.ts";
import { ConnectionBar } from "./connection_bar.ts";
import { find, onSubmit, setText } from "./dom.ts";
import { Drafts } from "./drafts.ts";
import { cutBack } from "./message_list.ts";
import { keepForOffline } from "./offline.ts";
import { OwnRooms } from "./own_rooms.ts";
import { RoomList } from "./room_list.ts";
import { RoomView } from "./room_view.ts";
import { checkSession, lostSession } from "./session_check.ts";

const client = createClient(location.origin);
const bar = new ConnectionBar(() => client.connect());
const list = new RoomList(client, (error) => bar.say(error.message));
const main = find("#signed-in");
const fault = find("#welcome");
const warning = find("#warning");

/** The joined rooms, by the name under which they were joined. */
const joined = new Map<string, Room>();
let marks: OwnRooms | null = null;
let drafts: Drafts | null = null;
let shown: { room: Room; view: RoomView } | null = null;
/** Whether it is known who is signed in, if anyone. */
let known = false;

function update(): void {
  const user = client.user.get();
  const state = client.connection.get();
  if (!known && state.status === "signed_out") fault.textContent = lostSession();
  known ||= user !== null || state.status === "signed_out";
  main.hidden = find("#account").hidden = !user;
  find("#signed-out").hidden = user !== null || !known;
  if (known) find("#unreachable").hidden = true;
  else if (state.status === "waiting") find("#unreachable").hidden = false;
  setText(find("#me"), user?.displayName ?? "");
  bar.update(state);
  bar.element.hidden = known && !user;
  if (user && !marks) begin(user.id);
  if (!user && marks) end(state.status === "signed_out" ? state.reason : "");
  updateRooms();
}

function updateRooms(): void {
  if (!marks) return;
  const unread = list.update(joined.values(), marks, shown?.room ?? null);
  const name = shown ? `${titleOf(shown.room)} – EchoRoom` : "EchoRoom";
  document.title = unread > 0 ? `(${unread}) ${name}` : name;
}

function titleOf(room: Room): string {
  const isDead = room.state.get().status === "failed";
  return room.info.get()?.name ?? (isDead ? "No such room" : "…");
}

function begin(userId: string): void {
  fault.textContent = "";
  marks = new OwnRooms(userId);
  drafts = new Drafts(userId);
  for (const id of marks.ids()) join(id);
  list.load();
  showAddressed();
}

/** The client has already left all rooms. */
function end(reason: string): void {
  marks = drafts = null;
  shown?.view.close();
  shown = null;
  joined.clear();
  list.clear();
  main.classList.remove("in-room");
  document.title = "EchoRoom";
  warning.hidden = true;
  fault.textContent = reason;
}

/** Joins a room until the user leaves it: its unread messages are counted. */
function join(name: string): Room {
  const known = [...joined.values()].find((room) => isNamed(room, name));
  if (known) return known;
  const room = client.join(name);
  joined.set(name, room);
  for (const part of ["info", "messages", "state"] as const) room[part].subscribe(updateRooms);
  room.messages.subscribe(() => room !== shown?.room && cutBack(room));
  room.recovery.subscribe(() => bar.sayRecovered(room));
  return room;
}

/** Shows the room that the address names. */
function showAddressed(): void {
  if (!marks) return;
  const name = addressedRoom();
  if (shown && name && isNamed(shown.room, name)) return;
  shown?.view.close();
  if (shown && isMissing(shown.room)) drop(shown.room);
  shown = null;
  if (name) shown = open(name);
  main.classList.toggle("in-room", shown !== null);
  find("#no-room").hidden = shown !== null;
  updateRooms();
}

function open(name: string): { room: Room; view: RoomView } {
  const room = join(name);
  const view = new RoomView(room, {
    readUpTo: marks!.find(room.id)?.seq ?? 0,
    drafts: drafts!,
    back: "#/",
    onFault: (error) => bar.say(error.message),
    onRead: (seq) => marks?.read(room, seq),
    onLeave: () => leave(room),
  });
  main.append(view.element);
  view.focus();
  return { room, view };
}

function leave(room: Room): void {
  drop(room);
  location.hash = "/";
}

function drop(room: Room): void {
  drafts?.write(room, "");
  marks?.remove(room.id);
  for (const [name, other] of joined) if (other === room) joined.delete(name);
  room.leave();
}

function isMissing(room: Room): boolean {
  const state = room.state.get();
  return state.status === "failed" && state.error.code === "room_not_found";
}

/** The page's address may have the room's id or its slug. */
function isNamed(room: Room, name: string): boolean {
  return room.name === name || room.id === name || room.info.get()?.slug === name ||
    marks?.find(room.id)?.slug === name;
}

async function signIn(attempt: Promise<unknown>): Promise<void> {
  await attempt;
  setText(warning, await checkSession(client));
  warning.hidden = warning.textContent === "";
}

find(".bar .brand").after(bar.element);
onSubmit(
  find<HTMLFormElement>("#login-form"),
  ({ email, password }) => signIn(client.login({ email: email!, password: password! })),
);
onSubmit(
  find<HTMLFormElement>("#register-form"),
  ({ email, password, displayName }) =>
    signIn(client.register({ email: email!, password: password!, displayName: displayName! })),
);
find("#logout").addEventListener("click", () => {
  const own = drafts;
  client.logout().then(() => own?.erase(), (error) => bar.say(error.message));
});
list.onListed(updateRooms);
client.user.subscribe(update);
client.connection.subscribe(update);
addEventListener("hashchange", showAddressed);
// Others may have created rooms while the window was in the background.
addEventListener("focus", () => {
  if (marks && client.connection.get().status === "online") list.load();
});
addEventListener("storage", (event) => {
  marks?.handle(event);
  updateRooms();
});
update();
client.connect();
keepForOffline().catch(() => {
  // Forbidden by the browser, as in some private windows.
});
