/** One room: its messages, who is online, who types, and the box to write in. */
import type { Room } from "../src/client/mod.ts";
import { element, setText, showList } from "./dom.ts";
import { MessageList } from "./message_list.ts";
import { portrait } from "./portrait.ts";

/** What has been written but not sent, by room. */
const drafts = new Map<string, string>();

export interface RoomViewOptions {
  /** The `seq` that was seen before. */
  readUpTo: number;
  /** Where the way back leads, on narrow screens; none without. */
  back?: string;
  onFault(error: Error): void;
  /** Everything up to this `seq` was on the screen. */
  onRead(seq: number): void;
  /** The user wants out; without it there is no such button. */
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
    maxLength: 4_000,
    placeholder: "Write a message",
    title: "Enter sends, Shift+Enter breaks the line. **bold**, *italics*, `code`",
    enterKeyHint: "send",
    ariaLabel: "Message",
  });
  readonly #online = element("ul");
  readonly #count = element("summary");
  readonly #fault = element("p", { className: "fault", role: "alert" });
  readonly #ends: (() => void)[];

  constructor(room: Room, options: RoomViewOptions) {
    this.#room = room;
    this.#options = options;
    this.#messages = new MessageList(room, options.readUpTo, options.onFault);
    const people = element("details", { className: "online" }, this.#count, this.#online);
    people.open = matchMedia("(min-width: 60rem)").matches;
    this.element = element(
      "section",
      { className: "room", ariaLabel: "Room" },
      this.#header(),
      people,
      this.#fault,
      this.#messages.element,
      this.#typing,
      this.#form(),
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
    const seen = () => this.#markRead();
    document.addEventListener("visibilitychange", seen);
    this.#ends.push(() => document.removeEventListener("visibilitychange", seen));
  }

  /** On a touch screen the keyboard would cover what one came to read. */
  focus(): void {
    if (matchMedia("(hover: hover)").matches) this.#input.focus();
    this.#messages.toNewest();
  }

  close(): void {
    for (const end of this.#ends) end();
    this.#room.stopTyping();
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

  #form(): HTMLElement {
    const form = element(
      "form",
      { className: "composer" },
      this.#input,
      element("button", {}, "Send"),
    );
    this.#input.value = drafts.get(this.#room.name) ?? "";
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#input.addEventListener("keydown", (event) => {
      // Enter that ends the choice of an input method's character is not meant for the form.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    this.#input.addEventListener("input", () => {
      drafts.set(this.#room.name, this.#input.value);
      if (this.#input.value.trim()) this.#room.keystroke();
      else this.#room.stopTyping();
    });
    this.#input.addEventListener("blur", () => this.#room.stopTyping());
    return form;
  }

  #send(): void {
    const text = this.#input.value.trim();
    if (!text) return;
    this.#input.value = "";
    drafts.delete(this.#room.name);
    this.#messages.toNewest();
    // The message itself shows how it went.
    this.#room.send(text).catch(() => {});
  }

  #updateHeader(): void {
    const info = this.#room.info.get();
    setText(this.#name, info?.name ?? "…");
    setText(this.#description, info?.description ?? "");
  }

  #updateState(): void {
    const state = this.#room.state.get();
    this.element.dataset.state = state.status;
    setText(this.#fault, state.status === "failed" ? state.error.message : "");
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
      create: (user) => element("li", {}, portrait(user), element("span")),
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
