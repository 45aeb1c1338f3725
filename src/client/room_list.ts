/** The list of rooms as apps have it: what makes it is loaded when somebody first subscribes. */
import type { AccountItem } from "../protocol/wire/account.ts";
import type { ListedRooms, ListedRoomsHost } from "./listed_rooms.ts";
import { type Observable, Observed } from "./observable.ts";
import type { RoomSummary } from "./room_summary.ts";

/**
 * All public rooms and the user's own, by name, and behind them direct ones, the last active first;
 * null until they are known.
 */
export interface ObservableRooms extends Observable<readonly RoomSummary[] | null> {
  /** Reads the list now, if it has subscribers; otherwise it is read every 30 s. */
  reload(): void;
}

const RETRY_MS = 5_000;

/** Is read, and kept current, while it has subscribers. */
export class RoomList extends Observed<readonly RoomSummary[] | null> implements ObservableRooms {
  readonly #host: Omit<ListedRoomsHost, "list">;
  /** Null until it is loaded. */
  #rooms: ListedRooms | null = null;

  constructor(host: Omit<ListedRoomsHost, "list">) {
    super(
      () => this.#rooms?.summaries() ?? null,
      (isUsed) => isUsed ? this.reload() : this.#rooms?.leave(),
    );
    this.#host = host;
  }

  async reload(): Promise<void> {
    if (!this.isUsed) return;
    try {
      const { ListedRooms } = await import("./listed_rooms.ts");
      this.#rooms ??= new ListedRooms({ ...this.#host, list: this });
      this.#rooms.reload();
    } catch {
      // Else it is loaded at the next connection.
      if (this.#host.connection.isOnline) setTimeout(() => this.reload(), RETRY_MS);
    }
  }

  /** Takes an item of the account's stream as it comes. */
  receive(item: AccountItem): void {
    this.#rooms?.receive(item);
  }

  /** There is a new message for the user. */
  mentioned(roomId: string): void {
    this.#rooms?.mentioned(roomId);
  }

  /** Forgets everything: the session has ended. */
  end(): void {
    this.#rooms?.end();
  }
}
