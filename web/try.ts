/** The entry of the page at `/try`: two guests side by side. */
import { html, render } from "htm/preact";
import { useState } from "preact/hooks";
import { Form } from "./components/form.ts";
import { Guest } from "./try/guest.ts";
import { loadParty } from "./try/party.ts";
import { Person } from "./try/person.ts";

const NAMES = ["Ada", "Bob"];

interface Stage {
  guests: Guest[];
  roomId: string;
}

function Try() {
  const [stage, setStage] = useState<Stage | null>(null);
  if (!stage) return html`<${Intro} begin=${async () => setStage(await meet())} />`;
  return html`
    <main id="stage">
      ${stage.guests.map((guest) =>
        html`
          <${Person} key=${guest.name} guest=${guest} roomId=${stage.roomId} />
        `
      )}
    </main>
  `;
}

function Intro({ begin }: { begin: () => Promise<void> }) {
  return html`
    <main id="intro">
      <section class="card">
        <h1>Try it with two people</h1>
        <p>
          Two guests, Ada and Bob, meet in a room on this server, side by side, each with every frame
          that goes over the wire. Their accounts and the room are created once for this browser, and
          reused on later visits.
        </p>
        <${Form} id="begin" action="Open both" onSubmit=${begin} />
      </section>
    </main>
  `;
}

async function meet(): Promise<Stage> {
  const party = loadParty();
  const guests = await Promise.all(NAMES.map((name) => Guest.signIn(name, party)));
  const [first, second] = guests as [Guest, Guest];
  return { guests, roomId: await first.findRoom(second) };
}

render(html`<${Try} />`, document.querySelector<HTMLElement>("#app")!);
