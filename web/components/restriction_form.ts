/** A form that asks how long a ban or a mute lasts, why, and which messages are deleted with it. */
import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import type { Banning } from "../../src/client/rest/mod.ts";
import { MAX_REASON_LENGTH } from "../../src/protocol/wire/limits.ts";
import { DELETIONS, endOf, type Period, PERIODS } from "../people/periods.ts";
import { Form } from "./form.ts";

export interface RestrictionFormProps {
  id: string;
  /** The button's text. */
  action: string;
  /** The index of the period that is chosen at first. */
  chosen?: number;
  /** Whether it asks which messages are deleted. */
  deletes?: boolean;
  /**
   * Throws {@linkcode EchoRoomError}.
   * @param fields all of the form, those among the children as well
   */
  onSubmit(ban: Banning, fields: Record<string, string>): Promise<unknown>;
  /** Shown below the fields. */
  children?: ComponentChildren;
}

export function RestrictionForm(
  { id, action, chosen = 0, deletes = false, onSubmit, children }: RestrictionFormProps,
) {
  const submit = async (fields: Record<string, string>) => {
    const { period, reason, deletion } = fields;
    const until = endOf(PERIODS[Number(period)]!.seconds);
    const restriction = { until, reason: reason!.trim() || null };
    const deleteSeconds = DELETIONS[Number(deletion)]?.seconds;
    await onSubmit({ ...restriction, ...(deleteSeconds && { deleteSeconds }) }, fields);
  };
  return html`
    <${Form} id=${id} action=${action} onSubmit=${submit}>
      <${PeriodField} name="period" label="For how long" periods=${PERIODS} chosen=${chosen} />
      ${deletes && html`
        <${PeriodField} name="deletion" label="Delete their messages" periods=${DELETIONS} />
      `}
      <label>
        Reason, which others can see
        <input name="reason" autocomplete="off" maxlength=${MAX_REASON_LENGTH} />
      </label>
      ${children}
    <//>
  `;
}

interface PeriodFieldProps {
  name: string;
  label: string;
  periods: readonly Period[];
  /** The index of the one that is chosen at first. */
  chosen?: number;
}

function PeriodField({ name, label, periods, chosen = 0 }: PeriodFieldProps) {
  return html`
    <label>
      ${label}
      <select name=${name}>
        ${periods.map(({ label }, index) =>
          html`<option key=${label} value=${index} selected=${index === chosen}>${label}</option>`
        )}
      </select>
    </label>
  `;
}
