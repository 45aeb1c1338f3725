/** A date and its time. */
import { html } from "htm/preact";

const SHORT = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "short" });
const LONG = new Intl.DateTimeFormat([], { dateStyle: "full", timeStyle: "long" });

export function Moment({ at }: { at: string }) {
  const date = new Date(at);
  return html`<time datetime=${at} title=${LONG.format(date)}>${SHORT.format(date)}</time>`;
}
