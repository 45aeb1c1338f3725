/** A date and its time, or the time alone: the rest is shown to who points at it. */
import { html } from "htm/preact";
import { MOMENT, TIME } from "../dates.ts";

const FULL = new Intl.DateTimeFormat([], { dateStyle: "full", timeStyle: "long" });

interface Props {
  /** ISO 8601. */
  at: string;
}

export function Moment({ at }: Props) {
  return html`<time datetime=${at} title=${inFull(at)}>${MOMENT.format(new Date(at))}</time>`;
}

export function Time({ at }: Props) {
  return html`<time datetime=${at} title=${inFull(at)}>${TIME.format(new Date(at))}</time>`;
}

/** With the day of the week, seconds and the time zone. */
export function inFull(at: string): string {
  return FULL.format(new Date(at));
}
