/** Whether the user looks at the page: it is visible, and its window has the focus. */

export function isLooking(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}

/** Calls `onChange` each time the user begins or ceases to look. Returns what ends that. */
export function watchLooking(onChange: (isLooking: boolean) => void): () => void {
  let wasLooking = isLooking();
  const update = () => {
    if (isLooking() === wasLooking) return;
    wasLooking = !wasLooking;
    onChange(wasLooking);
  };
  addEventListener("focus", update);
  addEventListener("blur", update);
  document.addEventListener("visibilitychange", update);
  return () => {
    removeEventListener("focus", update);
    removeEventListener("blur", update);
    document.removeEventListener("visibilitychange", update);
  };
}
