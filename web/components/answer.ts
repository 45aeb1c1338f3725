/** Where an answer in a thread is written, with its files. */
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import type { Thread } from "../../src/client/mod.ts";
import { MAX_TEXT_LENGTH } from "../../src/protocol/wire/limits.ts";
import { AttachButtons, paste, type Written } from "../files/attach.ts";
import { ChosenFiles } from "../files/chosen_files.ts";
import { Tray } from "../files/tray.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { mentionedIds } from "../text/mentions.ts";

export function Answer({ open, thread }: { open: OpenRoom; thread: Thread }) {
  const [written] = useState(() => newAnswer(open));
  const { input, chosen } = written;
  useEffect(() => {
    open.answer.value = written;
    return () => void (open.answer.value = null);
  }, []);
  const send = (event: Event) => {
    event.preventDefault();
    const text = input.current!.value.trim();
    const files = chosen?.take() ?? [];
    if (!text && files.length === 0) return;
    input.current!.value = "";
    const mentions = mentionedIds(text, open.people.value);
    // The answer itself shows the result.
    void open.writing.follow(open.room.reply(thread.id, text, { mentions, files }));
  };
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    input.current!.form!.requestSubmit();
  };
  return html`
    <form class="answer" onSubmit=${send}>
      ${chosen && html`<${Tray} chosen=${chosen} onRemoved=${() => input.current!.focus()} />`}
      <${AttachButtons} written=${written} />
      <textarea name="answer" rows="1" ref=${input} aria-label="Answer in the thread"
        placeholder="Answer" maxlength=${MAX_TEXT_LENGTH} onKeyDown=${press}
        onPaste=${(event: ClipboardEvent) => paste(event, written)}></textarea>
      <button>Send</button>
    </form>
  `;
}

/** Messages have files in threads where they have some in the room. */
function newAnswer(open: OpenRoom): Written {
  const chosen = open.composer.chosen && new ChosenFiles();
  return { open, chosen, input: { current: null } };
}
