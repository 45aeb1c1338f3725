/** The whole page: the bar, and below it a section, the form to sign in, or why there is nothing to see. */
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { ConnectionBar } from "../components/connection_bar.ts";
import { LogIn } from "../components/sign_in.ts";
import { AuditLog } from "./audit_log.ts";
import type { Desk } from "./desk.ts";
import { InstanceList } from "./instance_list.ts";
import { addressOf, place, type Section, TITLES } from "./place.ts";
import { ReportList } from "./report_list.ts";
import { RoomTable } from "./room_table.ts";
import { UserList } from "./user_list.ts";

/** What is shown in each section. */
const CONTENTS = {
  reports: ReportList,
  audit: AuditLog,
  users: UserList,
  rooms: RoomTable,
  instances: InstanceList,
} satisfies Record<Section, unknown>;

export function Moderation({ desk }: { desk: Desk }) {
  const user = desk.user.value;
  return html`
    <header class="bar">
      <a class="brand" href="/">
        <img src="/assets/web/favicon.svg" alt="" width="26" height="26" />EchoRoom
      </a>
      ${(user || !desk.session.isKnown.value) &&
        html`<${ConnectionBar} client=${desk.client} notice=${desk.notice} />`}
      ${user && html`
        <p id="account">
          <span id="me">${user.displayName}</span>
          <button id="logout" class="quiet" onClick=${() =>
            desk.session.signOut()}>Sign out</button>
        </p>
      `}
    </header>
    ${desk.session.warning.value &&
      html`<p id="warning" role="alert">${desk.session.warning.value}</p>`}
    ${user ? html`<${SignedIn} desk=${desk} />` : desk.session.isKnown.value && html`
      <${SignedOut} desk=${desk} />
    `}
  `;
}

function SignedOut({ desk }: { desk: Desk }) {
  return html`
    <main id="signed-out">
      <div class="pitch">
        <h1>Moderation</h1>
        <p>For those who moderate rooms of this server, and for its admins.</p>
      </div>
      <p id="welcome" role="alert">${desk.session.welcome.value}</p>
      <${LogIn} session=${desk.session} />
    </main>
  `;
}

function SignedIn({ desk }: { desk: Desk }) {
  const sections = desk.sections.value;
  if (desk.fault.value) {
    return html`
      <main class="dead-end">
        <h1>The server did not answer</h1>
        <p class="fault" role="alert">${desk.fault.value}</p>
        <button type="button" onClick=${() => desk.askForSections()}>Try again</button>
      </main>
    `;
  }
  if (sections === null) {
    return html`
      <main class="dead-end">
        <p role="status">Loading…</p>
      </main>
    `;
  }
  if (sections.length === 0) return html`<${NothingToModerate} />`;
  return html`<${Sections} desk=${desk} sections=${sections} />`;
}

function NothingToModerate() {
  return html`
    <main class="dead-end">
      <h1>There is nothing for you to moderate</h1>
      <p>
        This page is for moderators and owners of rooms, and for admins of the server. An owner of a
        room can make you a moderator of it.
      </p>
      <a class="button" href="/">Go to the chat</a>
    </main>
  `;
}

function Sections({ desk, sections }: { desk: Desk; sections: readonly Section[] }) {
  const { section: asked, room } = place.value;
  const section = sections.includes(asked) ? asked : sections[0]!;
  const Content = CONTENTS[section];
  useEffect(() => void (document.title = `${TITLES[section]} – EchoRoom`), [section]);
  return html`
    <div id="moderation">
      <nav aria-label="Sections">
        ${sections.map((each) =>
          html`
            <a href=${addressOf(each)}
              aria-current=${each === section ? "page" : null}>${TITLES[each]}</a>
          `
        )}
      </nav>
      <main>
        <h1>${TITLES[section]}</h1>
        <${Content} key=${section} desk=${desk} room=${room} />
      </main>
    </div>
  `;
}
