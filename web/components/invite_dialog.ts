/** Brings others into a room: its link, adding people, and invitations by link. */
import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useContext, useEffect } from "preact/hooks";
import type { PublicUser, RoomInfo } from "../../src/client/mod.ts";
import {
  addMember,
  createInvitation,
  type Invitation,
  type InvitationLimits,
  listInvitations,
  revokeInvitation,
} from "../../src/client/rest/mod.ts";
import { MAX_ADDED_MEMBERS, MAX_PAGE_SIZE } from "../../src/protocol/wire/limits.ts";
import { addressOf } from "../address.ts";
import type { Chat } from "../chat.ts";
import { MOMENT } from "../dates.ts";
import { signalOf } from "../observed.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { ChatContext } from "./chat_context.ts";
import { Dialog } from "./dialog.ts";
import { Form } from "./form.ts";
import { PeoplePicker } from "./people_picker.ts";

const DAY = 86_400;

export function InviteDialog({ open, onClose }: { open: OpenRoom; onClose(): void }) {
  const chat = useContext(ChatContext);
  const room = signalOf(open.room.info).value;
  if (!chat || !room) return null;
  const link = new URL(addressOf(room.slug), location.href).href;
  return html`
    <${Dialog} title="Invite to ${room.name}" onClose=${onClose}>
      ${room.type === "public" && html`
        <section class="invite-part">
          <h3>Link to the room</h3>
          <p class="dialog-note">The room is public: whoever signs in here may open it and join.</p>
          <${CopyableLink} chat=${chat} link=${link} label="Link to the room" />
        </section>
      `}
      ${open.may("member.add") && html`<${AddPeople} chat=${chat} room=${room} />`}
      ${open.may("member.invite") && html`<${Links} chat=${chat} room=${room} />`}
    <//>
  `;
}

function CopyableLink({ chat, link, label }: { chat: Chat; link: string; label: string }) {
  const isCopied = useSignal(false);
  const copy = async () => {
    await navigator.clipboard.writeText(link).then(
      () => isCopied.value = true,
      // Forbidden, as over plain http.
      () => chat.notice.say(`${label}: ${link}`),
    );
  };
  return html`
    <p class="copyable">
      <input readonly value=${link} aria-label=${label}
        onFocus=${({ currentTarget }: Event) => (currentTarget as HTMLInputElement).select()} />
      <button type="button" onClick=${copy}>Copy</button>
    </p>
    <p class="dialog-note" role="status">${isCopied.value ? "It is copied." : ""}</p>
  `;
}

function AddPeople({ chat, room }: { chat: Chat; room: RoomInfo }) {
  const chosen = useSignal<readonly PublicUser[]>([]);
  const said = useSignal("");
  const add = async () => {
    said.value = chosen.value.length === 0 ? "Choose people from the list first." : "";
    const names: string[] = [];
    try {
      for (const { id, displayName } of [...chosen.value]) {
        await addMember(chat.client.api, room.id, id);
        chosen.value = chosen.value.filter((user) => user.id !== id);
        names.push(displayName);
      }
    } finally {
      if (names.length > 0) said.value = `Added: ${names.join(", ")}.`;
    }
  };
  return html`
    <section class="invite-part">
      <h3>Add people who have an account</h3>
      <${Form} id="add-people" action="Add" onSubmit=${add}>
        <${PeoplePicker} chat=${chat} label="Name of a person" chosen=${chosen}
          max=${MAX_ADDED_MEMBERS} />
        <//>
        <p class="dialog-note" role="status">${said.value}</p>
        </section>
  `;
}

/** A room has at most a few pages of them. */
async function allInvitations({ client: { api } }: Chat, roomId: string): Promise<Invitation[]> {
  const all: Invitation[] = [];
  let cursor: string | null = "";
  do {
    const page = { limit: MAX_PAGE_SIZE, ...(cursor && { cursor }) };
    const { invitations, nextCursor } = await listInvitations(api, roomId, page);
    all.push(...invitations);
    cursor = nextCursor;
  } while (cursor !== null);
  return all;
}

/** Invitations by link: making one, and those that there are. */
function Links({ chat, room }: { chat: Chat; room: RoomInfo }) {
  const { api } = chat.client;
  const link = useSignal("");
  const invitations = useSignal<readonly Invitation[]>([]);
  const list = async () => {
    invitations.value = await allInvitations(chat, room.id);
  };
  useEffect(() => void list().catch(chat.notice.sayError), [room.id]);
  const create = async ({ expiresIn, maxUses }: Record<string, string>) => {
    const limits: InvitationLimits = {};
    if (expiresIn) limits.expiresIn = Number(expiresIn);
    if (maxUses) limits.maxUses = Number(maxUses);
    const { url } = await createInvitation(api, room.id, limits);
    link.value = new URL(url, location.href).href;
    await list();
  };
  const revoke = async ({ id }: Invitation) => {
    await revokeInvitation(api, room.id, id).then(list).catch(chat.notice.sayError);
  };
  return html`
    <section class="invite-part">
      <h3>Invite by a link</h3>
      <p class="dialog-note">Whoever has it signs up, or in, and is a member.</p>
      <${Form} id="new-invitation" action="Create a link" onSubmit=${create}>
        <div class="limits">
          <label>Good for
            <select name="expiresIn">
              <option value=${DAY}>a day</option>
              <option value=${7 * DAY} defaultSelected>a week</option>
              <option value=${30 * DAY}>30 days</option>
              <option value="">ever</option>
            </select>
          </label>
          <label>Uses
            <select name="maxUses">
              <option value="">any number</option>
              ${[1, 5, 25, 100].map((uses) => html`<option value=${uses}>${uses}</option>`)}
            </select>
          </label>
        </div>
        <//>
        ${link.value && html`
          <${CopyableLink} key=${link.value} chat=${chat} link=${link.value} label="Invitation" />
          <p class="dialog-note">It is shown only now.</p>
        `}
        ${invitations.value.length > 0 && html`
          <ul class="invitations" aria-label="Invitations">
            ${invitations.value.map((invitation) =>
              html`
                <li key=${invitation.id}>
                  <span>${describe(invitation)}</span>
                  <button class="quiet" type="button" onClick=${() => revoke(invitation)}
                  >Revoke</button>
                </li>
              `
            )}
          </ul>
        `}
      </section>
  `;
}

function describe({ createdBy, expiresAt, maxUses, uses }: Invitation): string {
  const limit = maxUses === null ? "" : ` of ${maxUses}`;
  const used = `${uses}${limit} ${(maxUses ?? uses) === 1 ? "use" : "uses"}`;
  const until = expiresAt === null ? "" : `, until ${MOMENT.format(new Date(expiresAt))}`;
  return `${createdBy.displayName}: ${used}${until}`;
}
