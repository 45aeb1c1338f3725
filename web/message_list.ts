/** A room's messages: grouped by day and sender, with history on scrolling, at a stable scroll position. */
import type { ChatMessage, Room } from "../src/client/mod.ts";
import { howSoon } from "./connection_bar.ts";
import { element, setText, showList } from "./dom.ts";
import { avatar } from "./avatar.ts";
import { richText } from "./rich_text.ts";

/** Consecutive messages of one sender within this time share one heading. */
const GROUP_MS = 5 * 60_000;
/** Within this distance of an end of the messages the user counts as being there. */
const NEAR_PX = 80;

/** Above this many messages older ones are removed. */
const MAX_MESSAGES = 400;
const KEPT_MESSAGES = 200;

/** A line of the list: a message, or the heading of a day or of the unread messages. */
type Line =
  | { kind: "message"; key: string; message: ChatMessage; continued: boolean }
  | { kind: "day" | "unread"; key: string; text: string };

const TIME = new Intl.DateTimeFormat([], { timeStyle: "short" });
const MOMENT = new Intl.DateTimeFormat([], { dateStyle: "full", timeStyle: "short" });
const DAY = new Intl.DateTimeFormat([], { dateStyle: "full" });

export class MessageList {
  readonly element: HTMLElement;
  readonly #room: Room;
  readonly #readUpTo: number;
  readonly #onFault: (error: Error) => void;
  readonly #lines = element("ol");
  readonly #older = element(
    "button",
    { className: "quiet older", type: "button" },
    "Older messages",
  );
  readonly #toNewest = element(
    "button",
    { className: "to-newest", type: "button", hidden: true },
    "Newest messages",
  );
  readonly #scroller: HTMLElement;
  /** Whether the list scrolls along with new messages. */
  #atNewest = true;
  #loading = false;
  /** Which message an element shows, so that one new message updates no other elements. */
  readonly #shown = new WeakMap<Element, ChatMessage>();
  /** Counts down the seconds until a message's next attempt. */
  #countdown: ReturnType<typeof setInterval> | undefined;

  /** @param readUpTo the last `seq` that the user has seen */
  constructor(room: Room, readUpTo: number, onFault: (error: Error) => void) {
    this.#room = room;
    this.#readUpTo = readUpTo;
    this.#onFault = onFault;
    this.#scroller = element(
      "div",
      { className: "messages", tabIndex: 0, role: "log", ariaLabel: "Messages" },
      this.#older,
      this.#lines,
    );
    this.element = element("div", { className: "timeline" }, this.#scroller, this.#toNewest);
    this.#scroller.addEventListener("scroll", () => this.#scrolled());
    this.#older.addEventListener("click", () => this.#loadOlder());
    this.#toNewest.addEventListener("click", () => {
      // The button disappears, and would lose the focus.
      this.#scroller.focus();
      this.toNewest();
    });
    this.#lines.addEventListener("click", (event) => this.#clicked(event));
    // The newest messages stay visible when the input grows or a keyboard opens.
    new ResizeObserver(() => this.#atNewest && this.toNewest()).observe(this.#scroller);
  }

  /** Whether the newest message is visible. */
  get atNewest(): boolean {
    return this.#atNewest;
  }

  toNewest(): void {
    this.#atNewest = true;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  close(): void {
    clearInterval(this.#countdown);
  }

  update(): void {
    const anchor = this.#atNewest ? undefined : this.#firstVisible();
    const top = anchor?.offsetTop ?? 0;
    this.#older.hidden = !this.#room.hasOlder.get();
    showList(this.#lines, this.#toLines(), {
      key: ({ key }) => key,
      create: (line) => this.#create(line),
      update: (item, line) => this.#update(item, line),
    });
    this.#updateQueued();
    if (this.#atNewest) {
      this.toNewest();
      cutBack(this.#room);
    } else if (anchor?.isConnected) {
      this.#scroller.scrollTop += anchor.offsetTop - top;
    }
  }

  #toLines(): Line[] {
    const lines: Line[] = [];
    let previous: ChatMessage | undefined;
    let isUnread = this.#readUpTo === 0;
    for (const message of this.#room.messages.get()) {
      const startsDay = !previous || dayOf(message) !== dayOf(previous);
      if (startsDay) {
        lines.push({ kind: "day", key: `day ${dayOf(message)}`, text: titleOf(message) });
      }
      const startsUnread = !isUnread && previous !== undefined &&
        message.seq !== null && message.seq > this.#readUpTo;
      if (startsUnread) {
        isUnread = true;
        lines.push({ kind: "unread", key: "unread", text: "New messages" });
      }
      const continued = !startsDay && !startsUnread && continues(message, previous!);
      lines.push({ kind: "message", key: message.key, message, continued });
      previous = message;
    }
    return lines;
  }

  #create(line: Line): HTMLElement {
    if (line.kind !== "message") {
      return element("li", { className: line.kind }, element("span", {}, line.text));
    }
    const { message } = line;
    return element(
      "li",
      { className: message.system ? "message system" : "message" },
      avatar(message.sender),
      element("b", { className: "sender" }),
      element("time"),
      element("div", { className: "text" }),
      element(
        "p",
        { className: "outcome" },
        element("span"),
        element("button", { className: "quiet", type: "button", name: "retry" }, "Try again"),
        element("button", { className: "quiet", type: "button", name: "discard" }, "Discard"),
      ),
    );
  }

  #update(item: HTMLElement, line: Line): void {
    if (line.kind !== "message") return;
    const { message, continued } = line;
    item.classList.toggle("continued", continued);
    const before = this.#shown.get(item);
    if (before === message) return;
    this.#shown.set(item, message);
    item.dataset.state = message.state;
    item.classList.toggle("deleted", message.deletedAt !== null);
    // A new state of the same text is no reason to lose a selection.
    if (before?.text !== message.text) {
      const parts = message.deletedAt === null ? richText(message.text) : ["Message deleted"];
      item.querySelector(".text")!.replaceChildren(...parts);
    }
    setText(item.querySelector(".sender")!, message.sender.displayName);
    const time = item.querySelector("time")!;
    time.dateTime = message.createdAt;
    time.title = MOMENT.format(new Date(message.createdAt));
    setText(time, TIME.format(new Date(message.createdAt)));
    const outcome = item.querySelector(".outcome span")!;
    outcome.ariaLive = null;
    setText(outcome, describe(message));
    for (const button of item.querySelectorAll("button")) {
      button.hidden = message.state !== "failed";
    }
  }

  /** Shows what each queued message waits for: a connection, its turn, or the server. */
  #updateQueued(): void {
    const isLive = this.#room.state.get().status === "live";
    const queued = this.#room.messages.get().filter(({ state }) => state === "queued");
    const retryAt = isLive
      ? queued.find(({ retryAt }) => retryAt !== undefined)?.retryAt
      : undefined;
    for (const item of this.#lines.querySelectorAll('[data-state="queued"]')) {
      const outcome = item.querySelector(".outcome span")!;
      outcome.ariaLive = "off";
      setText(outcome, describeWait(this.#shown.get(item)!, retryAt));
    }
    clearInterval(this.#countdown);
    if (retryAt === undefined) return;
    this.#countdown = setInterval(() => this.#updateQueued(), 1_000);
  }

  #clicked({ target }: Event): void {
    if (!(target instanceof HTMLButtonElement)) return;
    const { key } = target.closest("li")!.dataset;
    const message = this.#room.messages.get().find((message) => message.key === key);
    if (!message) return;
    if (target.name === "discard") this.#room.discard(message);
    // The message itself shows the result.
    else this.#room.retry(message).catch(() => {});
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    this.#atNewest = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    this.#toNewest.hidden = this.#atNewest;
    if (scrollTop < NEAR_PX) this.#loadOlder();
  }

  async #loadOlder(): Promise<void> {
    if (this.#loading || !this.#room.hasOlder.get()) return;
    this.#loading = true;
    // Screen readers should not announce older messages.
    this.#scroller.ariaBusy = "true";
    await this.#room.loadOlder().catch(this.#onFault);
    this.#scroller.ariaBusy = "false";
    this.#loading = false;
  }

  /** Not the heading of a day, which moves with its first message. */
  #firstVisible(): HTMLElement | undefined {
    const { scrollTop } = this.#scroller;
    const items = [...this.#lines.querySelectorAll<HTMLElement>(".message")];
    return items.find((item) => item.offsetTop + item.offsetHeight > scrollTop);
  }
}

/** Bounds the messages of a room that stays open for days. */
export function cutBack(room: Room): void {
  if (room.messages.get().length > MAX_MESSAGES) room.forgetOlder(KEPT_MESSAGES);
}

function continues(message: ChatMessage, previous: ChatMessage): boolean {
  if (previous.system || message.system || previous.sender.id !== message.sender.id) return false;
  return Date.parse(message.createdAt) - Date.parse(previous.createdAt) < GROUP_MS;
}

function dayOf({ createdAt }: ChatMessage): string {
  return new Date(createdAt).toDateString();
}

function titleOf(message: ChatMessage): string {
  const day = dayOf(message);
  const now = new Date();
  if (day === now.toDateString()) return "Today";
  now.setDate(now.getDate() - 1);
  return day === now.toDateString() ? "Yesterday" : DAY.format(new Date(message.createdAt));
}

function describe({ state, error }: ChatMessage): string {
  if (state === "failed") return `Not sent: ${error?.message ?? "refused"}`;
  return state === "sending" ? "Sending…" : "";
}

/** @param retryAt the next attempt at the room's first message, if the server has refused it */
function describeWait({ error }: ChatMessage, retryAt: number | undefined): string {
  if (retryAt === undefined) return "Waiting to be sent";
  if (!error) return "Waiting for its turn";
  const reason = error.code === "rate_limited" ? "You are writing too fast" : error.message;
  return `${reason.replace(/\.$/, "")}: will be sent ${howSoon(retryAt)}`;
}
