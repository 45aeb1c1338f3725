/** The keys that go from message to message, and act on the one that has the focus. */
import type { OpenRoom } from "../rooms/open_room.ts";

/** Handles a key that was pressed in a list of messages. */
export function pressInMessages(event: KeyboardEvent, open: OpenRoom): void {
  const list = event.currentTarget as HTMLElement;
  const target = event.target as HTMLElement;
  const item = target.closest<HTMLElement>(".message");
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Escape" && item && !target.matches("textarea, input")) {
    return open.focusComposer();
  }
  if (target !== list && target !== item) return;
  const isHandled = step(event.key, list, item) || item && act(event.key, item, open);
  if (isHandled) event.preventDefault();
}

function step(key: string, list: HTMLElement, item: HTMLElement | null): boolean {
  if (key !== "ArrowUp" && key !== "ArrowDown") return false;
  const items = [...list.querySelectorAll<HTMLElement>(".message")];
  const place = item ? items.indexOf(item) : items.length;
  const next = items[Math.max(0, place + (key === "ArrowUp" ? -1 : 1))];
  next?.focus();
  return next !== undefined;
}

/** The first letters of what the bar beside the message offers. */
const ACTIONS: Record<string, string> = { e: "Edit", r: "Reply", "+": "React", Delete: "Delete" };

function act(key: string, item: HTMLElement, open: OpenRoom): boolean {
  const label = ACTIONS[key];
  if (!label) return false;
  open.commands.active.value = item.dataset.key!;
  // Shown in the next turn, if the message had no bar yet.
  queueMicrotask(() => item.querySelector<HTMLElement>(`.actions [title="${label}"]`)?.click());
  return true;
}
