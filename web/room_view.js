/** The room that is looked at: its messages, who is online, who types, and the box to write in. */
import { element, setText, showList } from "./dom.js";

/** Messages of one sender within this time stand under one name. */
const SAME_BREATH_MS = 5 * 60_000;
/** So close to an end of the messages counts as being there. */
const NEAR_PX = 80;

const $ = (selector) => document.querySelector(selector);
const messages = $("#messages");
const lines = $("#messages ol");
const form = $("#send-form");
const input = form.elements.text;

/** @type {import("./room.js").Room | null} */
let room = null;
/** Whether new messages are followed. */
let atNewest = true;
let loadingOlder = false;
/** Which entry a line shows, so that hundreds of lines need no work for one new message. */
const shown = new WeakMap();

/**
 * Binds the view's controls.
 * @param {import("./chat.js").Chat} chat
 */
export function bindRoomView(chat) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (!text || !room) return;
    atNewest = true;
    form.reset();
    chat.send(room, text);
  });
  input.addEventListener("keydown", (event) => {
    // Enter that ends the choice of an input method's character is not meant for the form.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  input.addEventListener("input", () => {
    if (input.value.trim()) chat.typing(room);
    else chat.stopTyping();
  });
  input.addEventListener("blur", () => chat.stopTyping());

  lines.addEventListener("click", ({ target }) => {
    if (!target.matches("button")) return;
    const { key } = target.closest("li").dataset;
    const entry = room.timeline.find((entry) => entry.key === key);
    if (entry) chat.retry(room, entry);
  });
  messages.addEventListener("scroll", () => {
    const { scrollTop, scrollHeight, clientHeight } = messages;
    atNewest = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    $("#to-newest").hidden = atNewest;
    if (scrollTop < NEAR_PX) loadOlder(chat);
  });
  $("#older").addEventListener("click", () => loadOlder(chat));
  $("#to-newest").addEventListener("click", () => messages.scrollTop = messages.scrollHeight);
}

/** @param {import("./chat.js").Chat} chat */
export function showRoom(chat) {
  $("#room").hidden = $("#online").hidden = !chat.shown;
  const changed = room !== chat.shown;
  room = chat.shown;
  if (!room) return;
  if (changed) open();
  setText($("#room-name"), room.info.name);
  setText($("#room-description"), room.info.description ?? "");
  showTimeline();
  showOnline();
  showTyping();
}

function open() {
  atNewest = true;
  lines.replaceChildren();
  form.reset();
  // On a touch screen the keyboard would cover what one came to read.
  if (matchMedia("(hover: hover)").matches) input.focus();
}

async function loadOlder(chat) {
  if (loadingOlder || !room?.hasOlder) return;
  loadingOlder = true;
  // What is old is no news to be read out.
  messages.ariaBusy = "true";
  await chat.loadOlder(room).catch((error) => chat.say(error.message));
  messages.ariaBusy = "false";
  loadingOlder = false;
}

function showTimeline() {
  const first = lines.firstElementChild;
  const firstTop = first?.offsetTop;
  $("#older").hidden = !room.hasOlder;
  showList(lines, room.timeline, { key: ({ key }) => key, create: createLine, update: updateLine });
  if (atNewest) messages.scrollTop = messages.scrollHeight;
  else if (first?.isConnected) messages.scrollTop += first.offsetTop - firstTop;
}

function createLine(entry) {
  return element(
    "li",
    { className: entry.system ? "system" : "" },
    portrait(entry.sender),
    element("b", { className: "sender" }),
    element("time", { dateTime: entry.createdAt }),
    element("p", { className: "text" }, ...withLinks(entry.text)),
    element("span", { className: "state" }),
    element("button", { className: "quiet" }, "Try again"),
  );
}

function updateLine(line, entry, previous) {
  line.classList.toggle("continued", continues(entry, previous));
  if (shown.get(line) === entry) return;
  shown.set(line, entry);
  line.dataset.state = entry.state;
  setText(line.querySelector(".sender"), entry.sender.displayName);
  setText(line.querySelector("time"), timeOf(entry));
  setText(line.querySelector(".state"), describe(entry));
  line.querySelector("button").hidden = entry.state !== "failed";
}

function continues(entry, previous) {
  if (!previous || previous.system || entry.system) return false;
  if (previous.sender.id !== entry.sender.id) return false;
  return Date.parse(entry.createdAt) - Date.parse(previous.createdAt) < SAME_BREATH_MS;
}

function timeOf({ createdAt }) {
  const at = new Date(createdAt);
  const isToday = at.toDateString() === new Date().toDateString();
  return at.toLocaleString([], { timeStyle: "short", ...(!isToday && { dateStyle: "medium" }) });
}

function describe({ state, error }) {
  if (state === "failed") return `Not sent: ${error}`;
  return state === "sending" ? "Sending…" : "";
}

function showOnline() {
  setText($("#online summary"), `${room.onlineCount ?? "?"} online`);
  const people = [...room.online.values()].sort((a, b) =>
    a.displayName.localeCompare(b.displayName)
  );
  showList($("#online ul"), people, {
    key: ({ id }) => id,
    create: (user) => element("li", {}, portrait(user), element("span")),
    update: (item, user) => setText(item.lastChild, user.displayName),
  });
}

function showTyping() {
  const names = [...room.typing.values()].map(({ displayName }) => displayName);
  const who = names.length > 3 ? `${names.length} people` : names.join(", ");
  const verb = names.length === 1 ? "is" : "are";
  setText($("#typing"), names.length === 0 ? "" : `${who} ${verb} typing…`);
}

/** Someone's picture, or their initial where there is none that can be shown. */
function portrait({ displayName, avatarUrl }) {
  const initial = [...displayName][0]?.toUpperCase() ?? "?";
  const place = element("span", { className: "portrait", ariaHidden: "true" }, initial);
  if (!avatarUrl?.startsWith("https://")) return place;
  const picture = element("img", { alt: "", referrerPolicy: "no-referrer", src: avatarUrl });
  picture.addEventListener("load", () => place.replaceChildren(picture));
  return place;
}

/** Splits text into plain pieces and links; only https ones, and without the sentence's end. */
function withLinks(text) {
  return text.split(/(https:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]])/).map((piece, i) => {
    if (i % 2 === 0) return piece;
    const rel = "noopener noreferrer nofollow";
    return element("a", { href: piece, rel, target: "_blank" }, piece);
  });
}
