/** A small picture of a file that the server does not have yet, or a sign for one. */
import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../components/icon.ts";

export function Preview({ content }: { content: Blob }) {
  const [address, setAddress] = useState<string>();
  const isImage = content.type.startsWith("image/");
  useEffect(() => {
    if (!isImage) return;
    const made = URL.createObjectURL(content);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [content]);
  const hide = () => setAddress(undefined);
  return address
    ? html`<img src=${address} alt="" onError=${hide} />`
    : html`<span class="sign"><${Icon} name="file" /></span>`;
}
