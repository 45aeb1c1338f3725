/** A message and the answers to it, beside the timeline. */
import { PAGE_SIZE } from "../protocol/wire/limits.ts";
import type { ChatMessage } from "./chat_message.ts";
import type { MessageList } from "./message_list.ts";
import { type Observable, Observed } from "./observable.ts";
import type { ViewHost } from "./view_host.ts";

/**
 * A message, the answers to it, and the answers to these; made by `room.thread()`. `room.reply()` adds
 * one.
 */
export interface Thread {
  /** The id of the message that it begins with. */
  readonly id: string;
  /** The message that it begins with; null until it is known. */
  readonly root: Observable<ChatMessage | null>;
  /**
   * The newest answers, oldest first, own ones that are still on their way last: kept as the room's
   * messages are. What the room shows of them is there at once.
   */
  readonly replies: Observable<readonly ChatMessage[]>;
  /** Whether there may be answers before the first one shown. */
  readonly hasOlder: Observable<boolean>;

  /**
   * Loads answers before those shown, a page at a time; call it when the thread is opened
   * and the room is live.
   * @returns whether there are still more
   * @throws {EchoRoomError} `message_not_found` if the room has no such message
   */
  loadOlder(): Promise<boolean>;

  /** Call it when the thread is no longer shown: it is no longer kept current. */
  close(): void;
}

export class LiveThread implements Thread {
  readonly id: string;
  readonly root: Observed<ChatMessage | null> = new Observed(() => {
    return this.#host.timeline.find(this.id) ?? null;
  });
  readonly replies: Observed<readonly ChatMessage[]>;
  readonly hasOlder: Observable<boolean>;

  readonly #host: ViewHost;
  readonly #list: MessageList;

  constructor(id: string, host: ViewHost) {
    this.id = id;
    this.#host = host;
    this.#list = host.timeline.open(id);
    this.replies = this.#list.messages;
    this.replies.derived.add(this.root);
    this.hasOlder = this.#list.hasOlder;
  }

  loadOlder(): Promise<boolean> {
    const { api, roomId } = this.#host;
    return this.#list.loadOlder(async (before) => {
      // A part of the page, so that it is dropped with it, and what happens meanwhile is in it.
      const root = this.#list.set.find(this.id) ? [] : [await api.readMessage(roomId(), this.id)];
      const range = { threadId: this.id, before, limit: PAGE_SIZE };
      const page = await api.readMessages(roomId(), range);
      return { ...page, messages: [...root, ...page.messages] };
    });
  }

  close(): void {
    this.#host.timeline.close(this.#list);
  }
}
