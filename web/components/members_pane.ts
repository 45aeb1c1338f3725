/** The members of a room, with what the user may do with each, and those who are banned or muted. */
import { html } from "htm/preact";
import { useEffect, useMemo } from "preact/hooks";
import type { Member, PublicUser, Restricted, RoomRole } from "../../src/client/mod.ts";
import { signalOf } from "../observed.ts";
import { Members, type MembersSection } from "../people/members.ts";
import { describeEnd } from "../people/periods.ts";
import type { OpenRoom } from "../rooms/open_room.ts";
import { mayLeave } from "../rooms/rights.ts";
import { Avatar } from "./avatar.ts";
import { Icon } from "./icon.ts";
import { Menu, type MenuItem } from "./menu.ts";
import { More } from "./more.ts";
import { Pane } from "./pane.ts";
import { PersonName } from "./person_card.ts";

/** From so many members on they can be looked for. */
const MANY = 8;
const SECTIONS: [MembersSection, string][] = [
  ["members", "Members"],
  ["banned", "Banned"],
  ["muted", "Muted"],
];
const ROLES: [RoomRole, one: string, all: string][] = [
  ["owner", "owner", "Owners"],
  ["moderator", "moderator", "Moderators"],
  ["member", "member", "Plain members"],
];

interface PartProps {
  open: OpenRoom;
  members: Members;
}

export function MembersPane({ open }: { open: OpenRoom }) {
  const members = useMemo(() => new Members(open.room, open.api), []);
  useEffect(() => () => members.close(), []);
  const { section } = members;
  // The capability may have gone meanwhile.
  if (!open.may("member.ban")) section.value = "members";
  return html`
    <${Pane} open=${open} title="Members">
      ${open.may("member.ban") && html`
        <p class="sections" role="group" aria-label="Who is shown">
          ${SECTIONS.map(([name, label]) =>
            html`
              <button class="quiet" type="button" key=${name}
                aria-pressed=${String(section.value === name)}
                onClick=${() => section.value = name}>${label}</button>
            `
          )}
        </p>
      `}
      ${section.value === "members"
        ? html`<${MemberList} open=${open} members=${members} />`
        : html`<${RestrictedList} key=${section.value} open=${open} members=${members} />`}
    <//>
  `;
}

function MemberList({ open, members }: PartProps) {
  const { items, fault } = members.members;
  const isFiltered = members.query.value !== "" || members.role.value !== "";
  const isLong = members.members.hasMore || (items.value?.length ?? 0) >= MANY;
  const online = new Set(signalOf(open.room.online).value.users.map(({ id }) => id));
  return html`
    ${(isFiltered || isLong) && html`<${Filter} members=${members} />`}
    <p class="fault" role="alert">${fault.value}</p>
    <ul class="members" aria-label="Members">
      ${items.value?.map((member) =>
        html`
          <${MemberLine} key=${member.user.id} open=${open} member=${member}
            isOnline=${online.has(member.user.id)} />
        `
      )}
    </ul>
    <p class="faint" role="status">${items.value?.length === 0 && "Nobody is found."}</p>
    <${More} list=${members.members} />
  `;
}

function Filter({ members }: { members: Members }) {
  return html`
    <p class="member-filter">
      <input type="search" aria-label="Find a member" placeholder="Find a member"
        defaultValue=${members.query.peek()}
        onInput=${({ currentTarget }: Event) => {
          members.search((currentTarget as HTMLInputElement).value);
        }} />
      <select aria-label="Role" value=${members.role.value}
        onChange=${({ currentTarget }: Event) => {
          members.role.value = (currentTarget as HTMLSelectElement).value as RoomRole | "";
        }}>
        <option value="">All</option>
        ${ROLES.map(([role, , all]) => html`<option key=${role} value=${role}>${all}</option>`)}
      </select>
    </p>
  `;
}

interface MemberLineProps {
  open: OpenRoom;
  member: Member;
  isOnline: boolean;
}

function MemberLine({ open, member, isOnline }: MemberLineProps) {
  const { user, role, mutedUntil } = member;
  const marks = [
    user.id === open.userId && "you",
    role !== "member" && role,
    mutedUntil && `muted${describeEnd(mutedUntil)}`,
  ].filter(Boolean);
  return html`
    <li class=${isOnline ? "is-online" : ""}>
      <${Avatar} user=${user} />
      <p><span class="name"><${PersonName} user=${user} /></span>
        ${isOnline && html`<span class="online-mark" title="Online"><i>online</i></span>`}
        ${marks.length > 0 && html`<small>${marks.join(" · ")}</small>`}
      </p>
      <${Menu} label=${`Actions for ${user.displayName}`} items=${actionsOn(open, member)}>
        <${Icon} name="more" />
        <//>
        </li>
  `;
}

/** What may be done with a member, by the capabilities; the server knows who is above whom. */
function actionsOn(open: OpenRoom, { user, role, mutedUntil }: Member): MenuItem[] {
  const { memberCommands: commands } = open;
  const isOwn = user.id === open.userId;
  const roles = open.may("member.role") ? ROLES.filter(([other]) => other !== role) : [];
  const items: (MenuItem | false)[] = [
    ...roles.map(([other, one]) => ({
      label: `Make ${one}`,
      work: () => void commands.setRole(user, other),
    })),
    !isOwn && open.may("member.mute") &&
    (mutedUntil
      ? { label: "Unmute", work: () => void commands.unmute(user) }
      : { label: "Mute…", work: () => open.dialog.value = { kind: "mute", user } }),
    !isOwn && open.may("member.remove") &&
    {
      label: "Remove…",
      isDangerous: true,
      work: () => open.dialog.value = { kind: "remove", user },
    },
    !isOwn && open.may("member.ban") &&
    { label: "Ban…", isDangerous: true, work: () => open.dialog.value = { kind: "ban", user } },
    isOwn && mayLeave(open) &&
    {
      label: "Leave the room…",
      isDangerous: true,
      work: () => open.dialog.value = { kind: "leave" },
    },
  ];
  return items.filter((item) => item !== false);
}

/** Those who are banned, or muted, and how that is lifted. */
function RestrictedList({ open, members }: PartProps) {
  const { memberCommands: commands } = open;
  const isBans = members.section.value === "banned";
  const list = isBans ? members.banned : members.muted;
  const lift = (user: PublicUser) => () => isBans ? commands.unban(user) : commands.unmute(user);
  const { items, fault } = list;
  return html`
    <p class="fault" role="alert">${fault.value}</p>
    <ul class="members" aria-label=${isBans ? "Banned" : "Muted"}>
      ${items.value?.map(({ user, until, reason }: Restricted) =>
        html`
          <li key=${user.id}>
            <${Avatar} user=${user} />
            <p><span class="name"><${PersonName} user=${user} /></span>
              <small>${[`${isBans ? "banned" : "muted"}${describeEnd(until)}`, reason]
                .filter(Boolean).join(" · ")}</small>
            </p>
            <button class="quiet" type="button" onClick=${lift(user)}
              aria-label=${`${isBans ? "Unban" : "Unmute"} ${user.displayName}`}
            >${isBans ? "Unban" : "Unmute"}</button>
          </li>
        `
      )}
    </ul>
    <p class="faint" role="status">
      ${items.value?.length === 0 && `Nobody is ${isBans ? "banned" : "muted"}.`}
    </p>
    <${More} list=${list} />
  `;
}
