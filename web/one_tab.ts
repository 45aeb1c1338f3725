/** What several tabs of one browser would do is done by the first of them. */

const KEY = "echoroom:done";
/** How many are remembered: a hidden tab may be late. */
const MAX_DONE = 50;

export interface Tabs {
  /** Undefined where browsers have none, over plain http. */
  locks: { request(name: string, work: () => void): Promise<unknown> } | undefined;
  storage: Pick<Storage, "getItem" | "setItem">;
}

/**
 * Does something unless this or another tab has done it. Where browsers have no locks, or store
 * nothing, each tab does it.
 * @param name the same in all tabs, such as the id of a message
 */
export async function inOneTab(
  name: string,
  work: () => void,
  tabs: () => Tabs = tabsOfBrowser,
): Promise<void> {
  let isOurs = true;
  try {
    const { locks, storage } = tabs();
    await locks?.request(KEY, () => {
      const done: string[] = JSON.parse(storage.getItem(KEY) ?? "[]");
      isOurs = !done.includes(name);
      if (isOurs) storage.setItem(KEY, JSON.stringify([...done, name].slice(-MAX_DONE)));
    });
  } catch {
    // Full, forbidden by the browser, or not ours.
  }
  if (isOurs) work();
}

function tabsOfBrowser(): Tabs {
  const { locks } = navigator as unknown as Pick<Tabs, "locks">;
  return { locks, storage: localStorage };
}
