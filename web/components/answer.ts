/** Where an answer in a thread is written, with its files. */
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import type { Thread } from "../../src/client/mod.ts";
import { AttachButtons, paste, type Written } from "../files/attach.ts";
import { ChosenFiles } from "../files/chosen_files.ts";
import { Tray } from "../files/tray.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { mentionedIds } from "../text/mentions.ts";
import { useCharactersLeft } from "./characters_left.ts";

export function Answer({ open, thread }: { open: OpenRoom; thread: Thread }) {
  const [written] = useState(() => newAnswer(open));
  const { input, chosen } = written;
  const { writing } = open;
  const characters = useCharactersLeft(input);
  useEffect(() => {
    open.answer.value = written;
    return () => void (open.answer.value = null);
  }, []);
  const send = (event: Event) => {
    event.preventDefault();
    const text = input.current!.value.trim();
    const isEmpty = !text && !chosen?.files.peek().length;
    if (isEmpty || characters.count() < 0 || writing.wait > 0) return;
    const files = chosen?.take() ?? [];
    input.current!.value = "";
    characters.count();
    const mentions = mentionedIds(text, open.people.value);
    // The answer itself shows the result.
    void writing.follow(open.room.reply(thread.id, text, { mentions, files }));
  };
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    input.current!.form!.requestSubmit();
  };
  return html`
    <form class="answer" onSubmit=${send}>
      <p class="slow-mode" aria-live="off">${writing.slowMode}</p>
      ${characters.view}
      ${chosen && html`<${Tray} chosen=${chosen} onRemoved=${() => input.current!.focus()} />`}
      <${AttachButtons} written=${written} />
      <textarea name="answer" rows="1" ref=${input} aria-label="Answer in the thread"
        placeholder="Answer" ...${characters.attributes} onInput=${characters
          .count} onKeyDown=${press}
        onPaste=${(event: ClipboardEvent) => paste(event, written)}></textarea>
      <button disabled=${characters.isOver || writing.wait > 0}>Send</button>
    </form>
  `;
}

/** Messages have files in threads where they have some in the room. */
function newAnswer(open: OpenRoom): Written {
  const chosen = open.composer.chosen && new ChosenFiles();
  return { open, chosen, input: { current: null } };
}
