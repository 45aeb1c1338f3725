/** The instances of the server that are alive, for admins, and the sockets that each holds. */
import { html } from "htm/preact";
import { useMemo } from "preact/hooks";
import { type Instance, listInstances } from "../../src/client/rest/mod.ts";
import { Moment } from "../components/moment.ts";
import { PagedList } from "../paged_list.ts";
import type { Desk } from "./desk.ts";
import { ListEnd, Toolbar } from "./toolbar.ts";

/** The end of an id, by which a handful of instances can be told apart. */
const SHOWN = 8;
const COUNT = new Intl.NumberFormat([]);
const MEGABYTES = new Intl.NumberFormat([], {
  style: "unit",
  unit: "megabyte",
  maximumFractionDigits: 0,
});

export function InstanceList({ desk }: { desk: Desk }) {
  const list = useMemo(() => {
    return new PagedList(async () => {
      return { items: await listInstances(desk.client.api), nextCursor: null };
    });
  }, [desk]);
  const instances = list.items.value ?? [];
  const sockets = instances.reduce((sum, { status }) => sum + (status?.sockets ?? 0), 0);
  return html`
    <${Toolbar} list=${list}>
      <p role="status">
        ${instances.length > 0 && html`
          <b>${COUNT.format(sockets)}</b> ${sockets === 1 ? "open socket" : "open sockets"} on
          ${" "}<b>${COUNT.format(instances.length)}</b>
          ${" "}${instances.length === 1 ? "instance" : "instances"}
        `}
      </p>
      <//>
      <ul class="lines" aria-label="Instances">
        ${instances.map((instance) => html`<${Line} key=${instance.id} instance=${instance} />`)}
      </ul>
      <${ListEnd} list=${list}>There is none.<//>
    <p class="faint">
      An instance says every 5 s how it is. Instances that no bus connects do not know each other:
      then only the one that has answered is here.
    </p>
  `;
}

function Line({ instance: { id, isThis, heardAt, status } }: { instance: Instance }) {
  return html`
    <li>
      <p class="name">
        <code title=${id}>${id.slice(-SHOWN)}</code>
        ${isThis && html`<em class="badge">answered</em>`}
        <small class="faint id">
          ${status && html`Version ${status.version}, since <${Moment} at=${status.startedAt} />.`}
          ${" "}Heard of ${isThis ? "now" : html`<${Moment} at=${heardAt} />`}
        </small>
      </p>
      <p class="line-actions">${status ? loadOf(status) : "Its release says nothing of itself."}</p>
    </li>
  `;
}

function loadOf({ sockets, rooms, memoryBytes }: NonNullable<Instance["status"]>): string {
  const counts = [
    `${COUNT.format(sockets)} ${sockets === 1 ? "socket" : "sockets"}`,
    `${COUNT.format(rooms)} ${rooms === 1 ? "room" : "rooms"}`,
  ];
  return [...counts, MEGABYTES.format(memoryBytes / 1e6)].join(", ");
}
