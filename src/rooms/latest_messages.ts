/** The latest messages of a room as all who join are shown them: read and serialised once. */
import { SingleFlight } from "../async/single_flight.ts";
import type { Message } from "../domain/message.ts";
import {
  isPlain,
  ownReactions,
  type RelatedInAnswer,
  relatedInAnswer,
  type RelatedSources,
  type RelatedToReader,
} from "../services/related.ts";
import { listOf } from "./rendered_message.ts";
import type { Window } from "./window.ts";

const NOTHING: RelatedToReader = { referenced: [], users: [], threads: {}, mine: {} };

/** What is made of one version of the window. */
interface Shown {
  version: number;
  /** The messages as one JSON array. */
  text: string;
  /** Whether nothing goes with any of them. */
  isPlain: boolean;
}

export class LatestMessages {
  readonly #roomId: string;
  readonly #window: Window;
  readonly #sources: RelatedSources;
  readonly #shared = new SingleFlight(() => this.#readShared());
  #shown: Shown | null = null;

  constructor(roomId: string, window: Window, sources: RelatedSources) {
    this.#roomId = roomId;
    this.#window = window;
    this.#sources = sources;
  }

  /** The messages as they are now, as one JSON array. */
  get text(): string {
    return this.#show().text;
  }

  /**
   * What goes with the messages for one reader. What is the same for all is read once for those who
   * ask before it is read.
   * @throws ChatError `unavailable`
   */
  async related(userId: string | null): Promise<RelatedToReader> {
    if (this.#show().isPlain) return NOTHING;
    const [shared, mine] = await Promise.all([
      this.#shared.run(),
      ownReactions(this.#sources, this.#roomId, userId, this.#messages()),
    ]);
    return { ...shared, mine };
  }

  #show(): Shown {
    const { version } = this.#window;
    if (this.#shown?.version === version) return this.#shown;
    const messages = this.#messages();
    return this.#shown = {
      version,
      text: listOf(this.#window.latest()),
      isPlain: messages.every(isPlain) && this.#window.threads(messages).size === 0,
    };
  }

  #readShared(): Promise<RelatedInAnswer> {
    const messages = this.#messages();
    const threads = this.#window.threads(messages);
    return relatedInAnswer(this.#sources, this.#roomId, messages, threads);
  }

  #messages(): Message[] {
    return this.#window.latest().map(({ message }) => message);
  }
}
