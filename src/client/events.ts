/** Handlers of what happens in rooms. */
import type { Listeners } from "./listeners.ts";
import type { AllEvents, RoomEventHandler } from "./room.ts";

/** Are called with every event. */
export type RoomEventListeners = Listeners<[type: keyof AllEvents, event: unknown[]]>;

/** Calls a handler for the events of one name. Returns what ends that. */
export function handle<T extends keyof AllEvents>(
  listeners: RoomEventListeners,
  type: T,
  handler: RoomEventHandler<T>,
): () => void {
  return listeners.add((other, event) => {
    if (other === type) handler(...event as AllEvents[T]);
  });
}
