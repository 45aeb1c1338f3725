/** Edits a message in its place: Enter saves, Escape cancels. */
import { html } from "htm/preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { ChatMessage } from "../../src/client/mod.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { mentionedIds } from "../text/mentions.ts";
import { useCharactersLeft } from "./characters_left.ts";

export function MessageEditor({ open, message }: { open: OpenRoom; message: ChatMessage }) {
  const input = useRef<HTMLTextAreaElement>(null);
  const characters = useCharactersLeft(input);
  const { commands } = open;
  useLayoutEffect(() => {
    input.current!.value = commands.editing.value?.text ?? "";
    input.current!.focus();
    characters.count();
  }, []);
  const cancel = () => {
    commands.editing.value = null;
    open.focusComposer();
  };
  const save = (event: Event) => {
    event.preventDefault();
    const text = input.current!.value.trim();
    if (characters.count() < 0) return input.current!.focus();
    const people = open.people.value;
    const known = message.mentions.map((id) => ({ id, displayName: open.nameOf(id) }));
    void commands.saveEdit(text, mentionedIds(text, [...known, ...people]));
    open.focusComposer();
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "Escape") return cancel();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    input.current!.form!.requestSubmit();
  };
  return html`
    <form class="editor" onSubmit=${save}>
      <textarea name="edited" rows="1" aria-label="Edit the message" ref=${input}
        ...${characters.attributes} onInput=${characters.count} onKeyDown=${press}></textarea>
      <button disabled=${characters.isOver}>Save</button>
      <button class="quiet" type="button" onClick=${cancel}>Cancel</button>
      ${characters.view}
    </form>
  `;
}
