/** Keeps what is seen in its place when lines are added or removed above, or follows the newest. */
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Reading } from "../messages/reading.ts";

/** Within this distance of an end of the messages the user counts as being there. */
const NEAR_PX = 80;

/**
 * To be called by the component of the list each time before it shows its lines.
 * @returns the listener of the scroller's `scroll`
 */
export function useScrolling(
  scroller: RefObject<HTMLElement | null>,
  reading: Reading,
  loadOlder: () => void,
): () => void {
  const anchor = reading.isAtNewest.peek() ? undefined : firstVisible(scroller.current);
  const top = anchor?.offsetTop ?? 0;
  const target = reading.target.value;
  /** The sizes that the list had when it was scrolled, or changed them, last. */
  const known = useRef("");

  useLayoutEffect(() => {
    const list = scroller.current!;
    if (target) scrollTo(list, reading);
    else if (reading.isAtNewest.peek()) toEnd(list);
    else if (anchor?.isConnected) list.scrollTop += anchor.offsetTop - top;
  });
  useEffect(() => {
    const list = scroller.current!;
    // The newest messages stay visible when the input grows or a keyboard opens.
    const observer = new ResizeObserver(() => {
      known.current = sizesOf(list);
      if (reading.isAtNewest.peek()) toEnd(list);
    });
    observer.observe(list);
    observer.observe(list.querySelector("ol")!);
    return () => observer.disconnect();
  }, [reading]);

  return () => {
    const list = scroller.current!;
    // Sizes that are new have moved the end: the observer comes after this event, and follows it.
    const isMoved = reading.isAtNewest.peek() && sizesOf(list) !== known.current;
    known.current = sizesOf(list);
    if (!isMoved) look(list, reading);
    if (list.scrollTop < NEAR_PX) loadOlder();
  };
}

/** Shows the end of the list, or as much of it as leaves a message that is edited on the screen. */
function toEnd(list: HTMLElement): void {
  list.scrollTop = list.scrollHeight;
  list.querySelector(".editor")?.scrollIntoView({ block: "nearest" });
}

function sizesOf({ clientWidth, clientHeight, scrollHeight }: HTMLElement): string {
  return [clientWidth, clientHeight, scrollHeight].join(" ");
}

/** Notes what is on the screen. */
function look(list: HTMLElement, reading: Reading): void {
  const { scrollTop, scrollHeight, clientHeight } = list;
  reading.isAtNewest.value = scrollHeight - scrollTop - clientHeight < NEAR_PX;
  if (!reading.isAtNewest.value) reading.sees(lastSeen(list));
}

/** Scrolls to the target, once. */
function scrollTo(list: HTMLElement, reading: Reading): void {
  const target = reading.target.peek()!;
  const line = target.at === "unread"
    ? list.querySelector(".unread")
    : list.querySelector(`[data-key="${CSS.escape(target.key)}"]`);
  if (!line) return;
  line.scrollIntoView({ block: target.at === "unread" ? "start" : "center" });
  reading.target.value = null;
  look(list, reading);
}

/** Not the heading of a day, which moves with its first message. */
function firstVisible(list: HTMLElement | null): HTMLElement | undefined {
  if (!list) return undefined;
  return messagesIn(list).find((item) => item.offsetTop + item.offsetHeight > list.scrollTop);
}

/** The last entry whose message can be seen whole; 0 for none. */
function lastSeen(list: HTMLElement): number {
  const bottom = list.scrollTop + list.clientHeight;
  const isSeen = (item: HTMLElement) => item.offsetTop + item.offsetHeight <= bottom;
  return Number(
    messagesIn(list).findLast((item) => item.dataset.seq && isSeen(item))?.dataset.seq ?? 0,
  );
}

function messagesIn(list: HTMLElement): HTMLElement[] {
  return [...list.querySelectorAll<HTMLElement>(".message")];
}
