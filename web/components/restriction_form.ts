/** A form that asks how long a ban or a mute lasts, why, and which messages are deleted with it. */
import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import type { Banning } from "../../src/client/rest/mod.ts";
import { Form } from "./form.ts";

/** How long it lasts, in seconds; `""` until it is lifted. */
const DURATIONS = {
  "3600": "An hour",
  "86400": "A day",
  "604800": "A week",
  "2592000": "30 days",
  "": "Until it is lifted",
};

/** Of how many seconds messages are deleted. */
const DELETIONS = {
  "0": "None",
  "3600": "Those of the last hour",
  "86400": "Those of the last day",
  "604800": "Those of the last week",
};

export interface RestrictionFormProps {
  id: string;
  /** The button's text. */
  action: string;
  /** Whether it asks which messages are deleted. */
  deletes?: boolean;
  /**
   * Throws `EchoRoomError`.
   * @param fields all of the form, those among the children as well
   */
  onSubmit(ban: Banning, fields: Record<string, string>): Promise<unknown>;
  /** Shown below the fields. */
  children?: ComponentChildren;
}

export function RestrictionForm(
  { id, action, deletes = false, onSubmit, children }: RestrictionFormProps,
) {
  const submit = async (fields: Record<string, string>) => {
    const { seconds, reason, deleteSeconds } = fields;
    const ban = {
      until: seconds ? new Date(Date.now() + Number(seconds) * 1_000).toISOString() : null,
      reason: reason!.trim() || null,
      ...(Number(deleteSeconds) > 0 && { deleteSeconds: Number(deleteSeconds) }),
    };
    await onSubmit(ban, fields);
  };
  return html`
    <${Form} id=${id} action=${action} onSubmit=${submit}>
      <label>
        How long
        <select name="seconds">${optionsOf(DURATIONS, "86400")}</select>
      </label>
      ${deletes && html`
        <label>
          Which messages are deleted
          <select name="deleteSeconds">${optionsOf(DELETIONS, "0")}</select>
        </label>
      `}
      <label>
        Why, if that is to be said
        <input name="reason" maxlength="500" autocomplete="off" />
      </label>
      ${children}
    <//>
  `;
}

function optionsOf(labels: Record<string, string>, chosen: string) {
  return Object.entries(labels).map(([value, label]) =>
    html`<option value=${value} selected=${value === chosen}>${label}</option>`
  );
}
