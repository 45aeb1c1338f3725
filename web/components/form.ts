/** A form that runs one submission at a time, and shows an error in it and at the invalid fields. */
import { type ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { html } from "htm/preact";
import type { EchoRoomError } from "../../src/client/mod.ts";

export interface FormProps {
  id: string;
  /** The button's text. */
  action: string;
  /** Throws {@linkcode EchoRoomError}; afterwards the form is empty again. */
  onSubmit(fields: Record<string, string>): Promise<unknown>;
  children: ComponentChildren;
}

export function Form({ id, action, onSubmit, children }: FormProps) {
  const form = useRef<HTMLFormElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState("");

  const show = (error: EchoRoomError | null) => {
    const inputs = [...form.current?.querySelectorAll<Field>("input, select, textarea") ?? []];
    mark(inputs, error, `${id}-fault`);
    setFault(error ? sentence(error, inputs) : "");
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    show(null);
    try {
      await onSubmit(Object.fromEntries(new FormData(form.current!)) as Record<string, string>);
      form.current?.reset();
    } catch (error) {
      show(error as EchoRoomError);
    }
    setBusy(false);
  };
  const unmark = ({ target }: Event) => (target as HTMLElement).ariaInvalid = null;
  // Not `disabled`, which would take the focus away.
  return html`
    <form id=${id} ref=${form} onSubmit=${submit} onInput=${unmark}>
      ${children}
      <p id="${id}-fault" class="fault" role="alert">${fault}</p>
      <button aria-disabled=${isBusy ? "true" : null}>${action}</button>
    </form>
  `;
}

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** The field that an error concerns, where the server does not name it. */
const FIELDS: Record<string, string> = { email_taken: "email", invalid_credentials: "password" };

function mark(inputs: Field[], error: EchoRoomError | null, faultId: string): void {
  const names = error?.errors?.map(({ path }) => path) ?? [];
  if (error && names.length === 0) names.push(FIELDS[error.code] ?? "");
  for (const input of inputs) {
    input.ariaInvalid = names.includes(input.name) ? "true" : null;
    input.setAttribute("aria-describedby", faultId);
  }
  inputs.find(({ ariaInvalid }) => ariaInvalid)?.focus();
}

/** The errors with the labels of the page instead of the protocol's field names. */
function sentence({ message, errors = [] }: EchoRoomError, inputs: Field[]): string {
  if (errors.length === 0) return message;
  const faults = errors.map(({ path, message }) => {
    const label = inputs.find(({ name }) => name === path)?.labels?.[0]?.textContent;
    return `${label?.trim().split(",")[0] ?? path} ${message}.`;
  });
  return faults.join(" ");
}
