/** The entry of the page at `/`. */
import { html, render } from "htm/preact";
import { Chat } from "./chat.ts";
import { App } from "./components/app.ts";
import { keepForOffline } from "./offline.ts";

const chat = new Chat();
render(html`<${App} chat=${chat} />`, document.querySelector<HTMLElement>("#app")!);
chat.client.connect();
keepForOffline().catch(() => {
  // Forbidden by the browser, as in some private windows.
});
