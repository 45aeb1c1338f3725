/** The entry of the page at `/admin`, for moderators and admins. */
import { html, render } from "htm/preact";
import { Desk } from "./admin/desk.ts";
import { Moderation } from "./admin/moderation.ts";

const desk = new Desk();
render(html`<${Moderation} desk=${desk} />`, document.querySelector<HTMLElement>("#app")!);
desk.client.connect();
