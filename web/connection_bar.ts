/** Shows the state of the connection, a button to reconnect, and notices such as what was recovered. */
import type { ConnectionState, Room } from "../src/client/mod.ts";
import { element, setText } from "./dom.ts";

const NOTICE_MS = 8_000;

export class ConnectionBar {
  readonly element: HTMLElement;
  readonly #state = element("span", { className: "connection-state", role: "status" });
  readonly #retry = element("button", { className: "quiet", type: "button" }, "Connect now");
  #shown: ConnectionState = { status: "idle" };
  #notice = "";
  #noticeTimer: ReturnType<typeof setTimeout> | undefined;

  /** @param connect ends the wait for the next attempt */
  constructor(connect: () => void) {
    this.#retry.addEventListener("click", connect);
    this.element = element("p", { className: "connection" }, this.#state, this.#retry);
    // Counts down the seconds until the next attempt.
    setInterval(() => this.#shown.status === "waiting" && this.#update(), 1_000);
  }

  update(state: ConnectionState): void {
    this.#shown = state;
    this.#update();
  }

  /** Shows a notice for a few seconds. */
  say(notice: string): void {
    this.#notice = notice;
    clearTimeout(this.#noticeTimer);
    this.#noticeTimer = setTimeout(() => this.say(""), NOTICE_MS);
    this.#update();
  }

  /** Shows what a room has recovered after a reconnection. */
  sayRecovered(room: Room): void {
    const { messages, reset } = room.recovery.get() ?? { messages: 0, reset: false };
    const name = room.info.get()?.name ?? room.name;
    if (reset) return this.say(`${name} was restored from a backup: its messages were replaced.`);
    const what = messages === 1 ? "message" : "messages";
    if (messages > 0) this.say(`Recovered ${messages} ${what} in ${name}.`);
  }

  #update(): void {
    const { status } = this.#shown;
    this.element.dataset.state = status;
    this.element.classList.toggle("notable", status !== "online" || this.#notice !== "");
    this.#retry.hidden = !["waiting", "stopped", "idle"].includes(status);
    const state = describe(this.#shown);
    setText(this.#state, [state, this.#notice].filter(Boolean).join(" · "));
  }
}

function describe(state: ConnectionState): string {
  switch (state.status) {
    case "online":
      return "Online";
    case "connecting":
      return "Connecting…";
    case "waiting": {
      const soon = howSoon(state.retryAt);
      return `Offline: ${state.reason} Trying again ${soon}. What you write is kept.`;
    }
    case "stopped":
      return `Offline: ${state.reason}`;
    default:
      return "Offline";
  }
}

/** @param time in ms as of `Date.now()` */
export function howSoon(time: number): string {
  const seconds = Math.ceil((time - Date.now()) / 1_000);
  return seconds > 0 ? `in ${seconds} s` : "now";
}
