/** A short text about something that has just happened, shown for a few seconds. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Room } from "../src/client/mod.ts";
import { nameOfRoom } from "./rooms/room_name.ts";

/** How long it is shown. */
export const NOTICE_MS = 8_000;

export class Notice {
  readonly #text = signal("");
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `""` for none. */
  get text(): ReadonlySignal<string> {
    return this.#text;
  }

  readonly say = (text: string): void => {
    this.#text.value = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#text.value = "", NOTICE_MS);
  };

  readonly sayError = (error: Error): void => this.say(error.message);

  /**
   * Says what a room has recovered after a reconnection.
   * @param ownId the user's
   */
  sayRecovered(room: Room, ownId: string | undefined): void {
    const { messages, reset } = room.recovery.get() ?? { messages: 0, reset: false };
    const info = room.info.get();
    const name = info ? nameOfRoom(info, ownId) : room.name;
    if (reset) return this.say(`${name} was restored from a backup: its messages were replaced.`);
    const what = messages === 1 ? "message" : "messages";
    if (messages > 0) this.say(`Recovered ${messages} ${what} in ${name}.`);
  }
}
