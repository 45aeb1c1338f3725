/** The page as a whole: signing in and out, the list of rooms, and the state of the connection. */
import { Chat } from "./chat.js";
import { element, setText, showList } from "./dom.js";
import { bindRoomView, showRoom } from "./room_view.js";
import { Session } from "./session.js";

const $ = (selector) => document.querySelector(selector);
const session = new Session();
const chat = new Chat(session, show);

/** The rooms listed so far, and where the list goes on. */
let rooms = [];
let nextCursor = null;

function show() {
  const { user } = session;
  $("#signed-in").hidden = $("#account").hidden = !user;
  $("#signed-out").hidden = Boolean(user);
  setText($("#me"), user?.displayName ?? "");
  $("#signed-in").classList.toggle("in-room", chat.shown !== null);
  $("#no-room").hidden = chat.shown !== null;
  document.title = chat.shown ? `${chat.shown.info.name} – EchoRoom` : "EchoRoom";
  showState();
  showRooms();
  showRoom(chat);
}

function showState() {
  const { state } = chat.connection;
  const place = $("#connection-state");
  place.dataset.state = state.name;
  setText(place, session.user ? describe(state) : chat.notice);
  $("#reconnect").hidden = !["waiting", "stopped"].includes(state.name);
}

function describe({ name, reason, retryAt }) {
  switch (name) {
    case "online":
      return chat.notice ? `Online. ${chat.notice}` : "Online";
    case "waiting":
      return `Offline, reconnecting in ${Math.max(0, Math.ceil((retryAt - Date.now()) / 1000))} s`;
    case "stopped":
      return `Offline. ${reason}`;
    case "connecting":
      return "Connecting…";
    default:
      return "Offline";
  }
}

function showRooms() {
  $("#more-rooms").hidden = nextCursor === null;
  // An open room belongs in the list even if its page has not been loaded.
  const listed = new Set(rooms.map(({ id }) => id));
  const open = [...chat.rooms.values()].map(({ info }) => info).filter(({ id }) => !listed.has(id));
  showList($("#rooms"), [...open, ...rooms], {
    key: ({ id }) => id,
    create: ({ slug }) => {
      const href = `#/${encodeURIComponent(slug)}`;
      return element("li", {}, element("a", { href }, element("span"), element("em")));
    },
    update: (item, { id, name, description }) => {
      const link = item.firstChild;
      const unread = chat.rooms.get(id)?.unread ?? 0;
      link.title = description ?? "";
      link.ariaCurrent = id === chat.shown?.id ? "page" : null;
      setText(link.firstChild, name);
      setText(link.lastChild, unread > 0 ? String(unread) : "");
      link.lastChild.title = unread > 0 ? "unread" : "";
    },
  });
}

/** Lists the first rooms, or the next. */
async function loadRooms(cursor = null) {
  const query = new URLSearchParams({ limit: "50", ...(cursor && { cursor }) });
  const page = await session.request("GET", `/rooms?${query}`);
  rooms = cursor ? [...rooms, ...page.rooms] : page.rooms;
  nextCursor = page.nextCursor;
  show();
}

/** Shows the room that the address names. */
function showAddressed() {
  if (session.user) chat.show(decodeURIComponent(location.hash.slice(2)));
}

async function begin() {
  $("#welcome").textContent = "";
  chat.connection.start();
  showAddressed();
  await attempt(loadRooms());
}

function end(reason = "") {
  rooms = [];
  nextCursor = null;
  chat.close();
  $("#welcome").textContent = reason;
}

async function signOut() {
  // Before the session ends, or its end would look like somebody else's doing.
  chat.connection.stop();
  try {
    await session.logout();
    end();
  } catch (error) {
    chat.say(error.message);
    chat.connection.start();
  }
}

/** Says so if something the user asked for has failed. */
async function attempt(work) {
  await work.catch((error) => chat.say(error.message));
}

/** Has a form do its work once at a time, and show beside it why it failed. */
function onSubmit(form, work) {
  const fault = form.querySelector(".fault");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    fault.textContent = "";
    try {
      await work(Object.fromEntries(new FormData(form)));
      form.reset();
    } catch (error) {
      fault.textContent = error.message;
    }
    button.disabled = false;
  });
}

onSubmit($("#login-form"), (credentials) => session.login(credentials).then(begin));
onSubmit($("#register-form"), (account) => session.register(account).then(begin));
onSubmit($("#new-room-form"), async ({ name }) => {
  const { room } = await session.request("POST", "/rooms", { name });
  location.hash = `/${encodeURIComponent(room.slug)}`;
  await loadRooms();
});
$("#logout").addEventListener("click", signOut);
$("#reconnect").addEventListener("click", () => chat.connection.start());
$("#reload-rooms").addEventListener("click", () => attempt(loadRooms()));
$("#more-rooms").addEventListener("click", () => attempt(loadRooms(nextCursor)));
session.onEnded = () => end("Your session has ended. Please sign in again.");
addEventListener("hashchange", showAddressed);
// The seconds until the next attempt run down.
setInterval(showState, 1000);

bindRoomView(chat);
$("#online").open = matchMedia("(min-width: 60rem)").matches;
try {
  await session.restore();
  if (session.user) await begin();
} catch (error) {
  $("#welcome").textContent = `${error.message} Reload the page to try again.`;
}
show();
