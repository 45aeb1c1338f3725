/** The pinned messages of a room: from the server once they are asked for, then kept by its entries. */
import type { Message } from "../protocol/wire/messages.ts";
import { byPlace, type ChatMessage, keyOf } from "./chat_message.ts";
import type { CameWith } from "./log_entry.ts";
import { MessageSet } from "./message_set.ts";
import { Observed } from "./observable.ts";
import type { TimelineView } from "./timeline_view.ts";
import type { ViewHost } from "./view_host.ts";

const RETRY_MS = 2_000;

export class Pins implements TimelineView {
  /** In the order of the log; null until they are loaded. */
  readonly observed: Observed<readonly ChatMessage[] | null> = new Observed(
    () => this.#state === "loaded" ? this.#list() : null,
    () => this.load(),
  );
  set: MessageSet;

  readonly #host: ViewHost;
  #state: "new" | "loading" | "loaded" = "new";
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: ViewHost) {
    this.#host = host;
    this.set = new MessageSet(host.self);
    host.timeline.views.add(this);
    host.timeline.main.messages.derived.add(this.observed);
  }

  /** Loads the list once it is used and the room is live; else ends the wait to do so. */
  async load(): Promise<void> {
    clearTimeout(this.#timer);
    const { api, roomId, isLive } = this.#host;
    if (this.#state !== "new" || !this.observed.isUsed || !isLive()) return;
    this.#state = "loading";
    const { set } = this;
    const isCurrent = await api.readPins(roomId()).then((page) => {
      for (const message of page.messages) set.put(message, page);
      // Else another log has begun meanwhile.
      return set === this.set;
    }, () => false);
    this.#state = isCurrent ? "loaded" : "new";
    this.observed.changed();
    if (!isCurrent) this.#timer = setTimeout(() => this.load(), RETRY_MS);
  }

  fold(message: Message, related: CameWith): void {
    const key = keyOf(message.sender, message.clientMessageId);
    // A list on its way may show any message as it was before.
    if (message.pinned || this.set.has(key) || this.#state === "loading") {
      this.set.put(message, related);
    }
    if (!message.pinned && this.#state === "loaded") this.set.delete(key);
  }

  reset(): void {
    this.set = new MessageSet(this.#host.self);
    if (this.#state === "loaded") this.#state = "new";
    void this.load();
  }

  #list(): ChatMessage[] {
    const { timeline } = this.#host;
    const own = timeline.main.messages.get().filter(({ key, isChanging }) => {
      return isChanging && !this.set.has(key);
    });
    return [...timeline.withOwnChanges([...this.set.values()]), ...own].filter(({ pinned }) =>
      pinned
    )
      .sort(byPlace);
  }
}
