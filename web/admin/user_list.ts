/** The users that a search finds, for admins: who is one, and who is banned. */
import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useMemo } from "preact/hooks";
import type { FoundUser, Restricting } from "../../src/client/rest/mod.ts";
import { Avatar } from "../components/avatar.ts";
import { Dialog } from "../components/dialog.ts";
import { Form } from "../components/form.ts";
import { RestrictionForm } from "../components/restriction_form.ts";
import { describeEnd } from "../people/periods.ts";
import type { Desk } from "./desk.ts";
import { ListEnd, Toolbar } from "./toolbar.ts";
import { MAX_FOUND, Users } from "./users.ts";

/** How long nothing is typed before it is searched. */
const PAUSE_MS = 250;

export function UserList({ desk }: { desk: Desk }) {
  const typed = useSignal("");
  const asked = useSignal("");
  useEffect(() => {
    const timer = setTimeout(() => asked.value = typed.value.trim(), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed.value]);
  const users = useMemo(() => new Users(desk, asked.value), [desk, asked.value]);
  const { items } = users.list;
  return html`
    <${Toolbar} list=${users.list}>
      <input type="search" name="q" aria-label="Name" placeholder="Beginning of a name"
        value=${typed.value} onInput=${({ currentTarget }: Event) => {
          typed.value = (currentTarget as HTMLInputElement).value;
        }} />
    <//>
    <ul class="lines" aria-label="Users">
      ${items.value?.map((user) =>
        html`<${UserLine} key=${user.id} desk=${desk} users=${users} user=${user} />`
      )}
    </ul>
    ${items.value?.length === MAX_FOUND && html`
      <p class="faint" role="status">The first ${MAX_FOUND} are shown: type more of the name.</p>
    `}
    <${ListEnd} list=${users.list}>Nobody has such a name.<//>
    ${users.asked.value && html`<${UserDialog} users=${users} ...${users.asked.value} />`}
  `;
}

function UserLine({ desk, users, user }: { desk: Desk; users: Users; user: FoundUser }) {
  const ask = (action: "ban" | "appoint") => () => void (users.asked.value = { action, user });
  const work = (done: () => Promise<void>) => () => void done().catch(desk.notice.sayError);
  return html`
    <li>
      <${Avatar} user=${user} />
      <p class="name">
        <b>${user.displayName}</b>
        ${user.role === "admin" && html`
          <em class="badge">Admin</em>
        `}
        ${user.ban && html`
          <em class="badge banned">Banned${describeEnd(user.ban.until)}</em>
        `}
        ${user.ban?.reason && html`
          <q class="faint">${user.ban.reason}</q>
        `}
        <small class="faint id">${user.id}</small>
      </p>
      <p class="line-actions">
        ${user.role === "admin"
          ? html`
            <button class="quiet" type="button" onClick=${work(() =>
              users.setRole(user, "member")
            )}>
              Take role of admin
            </button>
          `
          : html`
            <button class="quiet" type="button" onClick=${ask("appoint")}>Make admin</button>
            ${user.ban
              ? html`
                <button class="quiet" type="button" onClick=${work(() => users.unban(user))}>
                  Lift ban
                </button>
              `
              : html`<button class="quiet" type="button" onClick=${ask("ban")}>Ban</button>`}
          `}
      </p>
    </li>
  `;
}

function UserDialog({ users, action, user }: {
  users: Users;
  action: "ban" | "appoint";
  user: FoundUser;
}) {
  const close = () => void (users.asked.value = null);
  const ban = async (asked: Restricting) => {
    await users.ban(user, asked);
    close();
  };
  const appoint = async () => {
    await users.setRole(user, "admin");
    close();
  };
  if (action === "ban") {
    return html`
      <${Dialog} title=${`Ban ${user.displayName} from the server`} onClose=${close}>
        <${RestrictionForm} id="server-ban-form" action="Ban"
          onSubmit=${ban}>
          <p class="dialog-note">Their sessions end at once, and they cannot sign in.</p>
          <//>
          <//>
    `;
  }
  return html`
    <${Dialog} title=${`Make ${user.displayName} an admin`} onClose=${close}>
      <${Form} id="appoint-form" action="Make admin"
        onSubmit=${appoint}>
        <p class="dialog-note">
          Admins may do in public rooms what owners may, ban users from the server, and make and
          unmake admins.
        </p>
        <//>
        <//>
  `;
}
