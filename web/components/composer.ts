/** Where messages are written: keeps a draft, completes names and emoji, shows others that one types. */
import { html } from "htm/preact";
import { useLayoutEffect } from "preact/hooks";
import { AttachButtons, paste } from "../files/attach.ts";
import { Tray } from "../files/tray.ts";
import { signalOf } from "../observed.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { mentionedIds } from "../text/mentions.ts";
import { useCharactersLeft } from "./characters_left.ts";
import { useCompletion } from "./completion_list.ts";
import { Icon } from "./icon.ts";
import { excerptOf } from "./quote.ts";

const HINT = "Enter sends, Shift+Enter breaks the line. **bold**, *italics*, `code`";

export function Composer({ open }: { open: OpenRoom }) {
  const { room, drafts, commands, writing, composer: { input, chosen } } = open;
  const characters = useCharactersLeft(input);
  const completion = useCompletion(open, input);
  const info = signalOf(room.info).value;
  const answered = commands.answered.value;

  // Before the next event: what is typed after a slow frame would go to what had the focus before.
  useLayoutEffect(() => {
    // A draft may be found by the room's id only.
    if (!input.current!.value) input.current!.value = drafts.read(room);
    // Whom it mentions may be away.
    if (input.current!.value.includes("@")) open.memberSearch.search("");
    characters.count();
  }, [info]);
  useLayoutEffect(() => {
    // Not on a touch screen, whose keyboard would cover the messages.
    if (open.hasAddress && matchMedia("(hover: hover)").matches) input.current!.focus();
  }, []);
  useLayoutEffect(() => {
    if (answered) input.current!.focus();
  }, [answered]);

  const send = (event: Event) => {
    event.preventDefault();
    const text = input.current!.value.trim();
    const isEmpty = !text && !chosen?.files.peek().length;
    if (isEmpty || characters.count() < 0 || writing.wait > 0) return;
    input.current!.value = "";
    drafts.write(room, "");
    characters.count();
    open.send(text, mentionedIds(text, open.people.value));
  };
  const write = () => {
    const { value } = input.current!;
    drafts.write(room, value);
    characters.count();
    completion.update();
    if (value.trim()) room.keystroke();
    else room.stopTyping();
  };
  const press = (event: KeyboardEvent) => {
    if (completion.press(event)) return event.preventDefault();
    // Enter that confirms a character of an input method does not submit.
    if (event.isComposing) return;
    if (event.key === "Escape") commands.answered.value = null;
    if (event.key === "ArrowUp" && input.current!.value === "") {
      event.preventDefault();
      commands.editLast(open.userId);
    }
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    input.current!.form!.requestSubmit();
  };

  return html`
    <form class="composer" onSubmit=${send}>
      ${answered && html`
        <p class="answered">
          <span>Replying to <b>${answered.sender.displayName}</b> ${excerptOf(answered)}</span>
          <button class="quiet" type="button" aria-label="Do not reply"
            onClick=${() => commands.answered.value = null}><${Icon} name="close" /></button>
        </p>
      `}
      <p class="slow-mode" aria-live="off">${writing.slowMode}</p>
      ${characters.view}
      ${completion.list}
      ${chosen && html`<${Tray} chosen=${chosen} onRemoved=${() => input.current!.focus()} />`}
      <${AttachButtons} written=${open.composer} />
      <textarea name="text" rows="1" ref=${input} placeholder="Write a message"
        title=${HINT} autocomplete="off"
        enterkeyhint="send" aria-label="Message" ...${characters.attributes} ...${completion
          .attributes}
        onInput=${write} onKeyDown=${press}
        onPaste=${(event: ClipboardEvent) => paste(event, open.composer)} onBlur=${() => {
          room.stopTyping();
          completion.close();
        }}></textarea>
      <button disabled=${characters.isOver || writing.wait > 0}>Send</button>
    </form>
  `;
}

/** Instead of the composer where the user cannot write: why. */
export function Obstacle({ open }: { open: OpenRoom }) {
  return html`<p class="obstacle" role="status">${open.writing.obstacle.value}</p>`;
}
