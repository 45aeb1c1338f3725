/** One room: its messages, its online and typing users, and the input. */
import type { Room } from "../src/client/mod.ts";
import { MAX_TEXT_LENGTH } from "../src/protocol/wire/limits.ts";
import type { Drafts } from "./drafts.ts";
import { element, setText, showList } from "./dom.ts";
import { MessageList } from "./message_list.ts";
import { avatar } from "./avatar.ts";

/** Below this many remaining characters their number is shown. */
const FEW_LEFT = 200;
/** Whether there is space for a column of online users. */
const WIDE = matchMedia("(min-width: 60rem)");
/** Makes ids unique: two views may be on one page. */
let views = 0;

export interface RoomViewOptions {
  /** The `seq` that was seen before. */
  readUpTo: number;
  drafts: Drafts;
  /** The address of the link back on narrow screens; without it there is no link. */
  back?: string;
  onFault(error: Error): void;
  /** Everything up to this `seq` was on the screen. */
  onRead(seq: number): void;
  /** The user leaves the room; without it there is no such button. */
  onLeave?(): void;
}

export class RoomView {
  readonly element: HTMLElement;
  readonly #room: Room;
  readonly #options: RoomViewOptions;
  readonly #messages: MessageList;
  readonly #name = element("h1");
  readonly #description = element("p", { className: "description" });
  readonly #typing = element("p", { className: "typing", ariaLive: "polite" });
  readonly #input = element("textarea", {
    name: "text",
    rows: 1,
    placeholder: "Write a message",
    title: "Enter sends, Shift+Enter breaks the line. **bold**, *italics*, `code`",
    enterKeyHint: "send",
    ariaLabel: "Message",
  });
  /** How many characters are left, or too many. */
  readonly #characters = element("p", { className: "characters", id: `characters-${++views}` });
  readonly #sendButton = element("button", {}, "Send");
  readonly #composer: HTMLFormElement;
  readonly #deadEnd: HTMLElement;
  readonly #online = element("ul");
  readonly #count = element("summary");
  readonly #fault = element("p", { className: "fault", role: "alert" });
  readonly #ends: (() => void)[];

  constructor(room: Room, options: RoomViewOptions) {
    this.#room = room;
    this.#options = options;
    this.#messages = new MessageList(room, options.readUpTo, options.onFault);
    const people = element("details", { className: "online" }, this.#count, this.#online);
    people.open = WIDE.matches;
    this.#composer = this.#form();
    this.#deadEnd = this.#makeDeadEnd();
    this.element = element(
      "section",
      { className: "room", ariaLabel: "Room" },
      this.#header(),
      people,
      this.#fault,
      this.#messages.element,
      this.#typing,
      this.#composer,
      this.#deadEnd,
    );
    const updates: [keyof Room, () => void][] = [
      ["info", () => this.#updateHeader()],
      ["state", () => this.#updateState()],
      ["messages", () => this.#updateMessages()],
      ["online", () => this.#updateOnline()],
      ["typing", () => this.#updateTyping()],
    ];
    this.#ends = updates.map(([name, update]) => {
      update();
      return (room[name] as Room["state"]).subscribe(update);
    });
    const fold = () => people.open = WIDE.matches;
    WIDE.addEventListener("change", fold);
    this.#ends.push(() => WIDE.removeEventListener("change", fold));
    const seen = () => this.#markRead();
    document.addEventListener("visibilitychange", seen);
    this.#ends.push(() => document.removeEventListener("visibilitychange", seen));
  }

  /** Not on a touch screen, whose keyboard would cover the messages. */
  focus(): void {
    if (matchMedia("(hover: hover)").matches) this.#input.focus();
    this.#messages.toNewest();
  }

  close(): void {
    for (const end of this.#ends) end();
    this.#room.stopTyping();
    this.#messages.close();
    this.element.remove();
  }

  #header(): HTMLElement {
    const { back, onLeave } = this.#options;
    const header = element("header", {}, this.#name, this.#description);
    if (back) header.prepend(element("a", { className: "back", href: back }, "‹ Rooms"));
    if (!onLeave) return header;
    const leave = element("button", { className: "quiet leave", type: "button" }, "Leave");
    leave.addEventListener("click", onLeave);
    header.append(leave);
    return header;
  }

  /** Shown instead of a room that does not exist, with a link back. */
  #makeDeadEnd(): HTMLElement {
    const { back } = this.#options;
    const place = element(
      "div",
      { className: "dead-end", role: "status" },
      element("h2", {}, "There is no such room"),
      element("p", {}, "The link may be mistyped, or the room is gone."),
    );
    if (back) place.append(element("a", { className: "button", href: back }, "Go to the rooms"));
    return place;
  }

  #form(): HTMLFormElement {
    const form = element(
      "form",
      { className: "composer" },
      this.#characters,
      this.#input,
      this.#sendButton,
    );
    this.#input.setAttribute("aria-describedby", this.#characters.id);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#input.addEventListener("keydown", (event) => {
      // Enter that confirms a character of an input method does not submit.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    this.#input.addEventListener("input", () => {
      this.#options.drafts.write(this.#room, this.#input.value);
      this.#showCharacters();
      if (this.#input.value.trim()) this.#room.keystroke();
      else this.#room.stopTyping();
    });
    this.#input.addEventListener("blur", () => this.#room.stopTyping());
    return form;
  }

  #send(): void {
    const text = this.#input.value.trim();
    if (!text || charactersIn(text) > MAX_TEXT_LENGTH) return;
    this.#input.value = "";
    this.#options.drafts.write(this.#room, "");
    this.#showCharacters();
    this.#messages.toNewest();
    // The message itself shows the result.
    this.#room.send(text).catch(() => {});
  }

  /** A text that is too long is not cut off, and cannot be sent. */
  #showCharacters(): void {
    const left = MAX_TEXT_LENGTH - charactersIn(this.#input.value.trim());
    const isOver = left < 0;
    this.#sendButton.disabled = isOver;
    this.#input.ariaInvalid = isOver ? "true" : null;
    // A screen reader should not announce each of the last characters.
    this.#characters.ariaLive = isOver ? "polite" : "off";
    this.#characters.classList.toggle("fault", isOver);
    setText(this.#characters, left > FEW_LEFT ? "" : describeLeft(left));
  }

  #restoreDraft(): void {
    if (this.#input.value) return;
    this.#input.value = this.#options.drafts.read(this.#room);
    this.#showCharacters();
  }

  #updateHeader(): void {
    const info = this.#room.info.get();
    this.#restoreDraft();
    setText(this.#name, info?.name ?? "…");
    this.#name.title = info?.name ?? "";
    setText(this.#description, info?.description ?? "");
  }

  #updateState(): void {
    const state = this.#room.state.get();
    const error = state.status === "failed" ? state.error : null;
    const isMissing = error?.code === "room_not_found";
    this.element.dataset.state = state.status;
    this.element.classList.toggle("missing", isMissing);
    this.#composer.hidden = error !== null;
    this.#deadEnd.hidden = !isMissing;
    setText(this.#fault, isMissing ? "" : error?.message ?? "");
  }

  #updateMessages(): void {
    this.#messages.update();
    this.#markRead();
  }

  #markRead(): void {
    if (!document.hidden && this.#messages.atNewest) this.#options.onRead(this.#room.cursor);
  }

  #updateOnline(): void {
    const { count, users } = this.#room.online.get();
    setText(this.#count, `${count ?? "?"} online`);
    showList(this.#online, users, {
      key: ({ id }) => id,
      create: (user) => element("li", {}, avatar(user), element("span")),
      update: (item, user) => setText(item.lastElementChild!, user.displayName),
    });
  }

  #updateTyping(): void {
    const names = this.#room.typing.get().map(({ displayName }) => displayName);
    const who = names.length > 3 ? `${names.length} people` : names.join(", ");
    const verb = names.length === 1 ? "is" : "are";
    setText(this.#typing, names.length === 0 ? "" : `${who} ${verb} typing…`);
  }
}

/** As the server counts: code points, not UTF-16 units. */
function charactersIn(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function describeLeft(left: number): string {
  const count = Math.abs(left).toLocaleString();
  if (left >= 0) return `${count} characters left`;
  return `${count} ${left === -1 ? "character" : "characters"} too many to send`;
}
