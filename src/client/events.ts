/** Handlers of what happens in rooms. */
import type { Listeners } from "./listeners.ts";
import type { RoomEventHandler, RoomEvents } from "./room.ts";

/** Are called with every event. */
export type RoomEventListeners = Listeners<[type: keyof RoomEvents, event: unknown[]]>;

/** Subscribes a handler to the events of one name. Returns what ends the subscription. */
export function handle<T extends keyof RoomEvents>(
  listeners: RoomEventListeners,
  type: T,
  handler: RoomEventHandler<T>,
): () => void {
  return listeners.add((other, event) => {
    if (other === type) handler(...event as RoomEvents[T]);
  });
}
