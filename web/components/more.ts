/** The button below a list that has a next page, which is loaded once one has scrolled to it. */
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";

export function More({ list }: { list: { hasMore: boolean; loadMore(): Promise<void> } }) {
  const button = useRef<HTMLButtonElement>(null);
  const { hasMore } = list;
  useEffect(() => {
    if (!button.current) return;
    const observer = new IntersectionObserver(([entry]) => {
      if (entry?.isIntersecting) void list.loadMore();
    });
    observer.observe(button.current);
    return () => observer.disconnect();
  });
  if (!hasMore) return null;
  return html`
    <button class="quiet" type="button" ref=${button} onClick=${() => list.loadMore()}>
      Show more
    </button>
  `;
}
