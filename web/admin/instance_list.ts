/** The instances of the server that are alive, for admins, and the sockets that each holds. */
import { html } from "htm/preact";
import { useMemo } from "preact/hooks";
import { type Instance, listInstances } from "../../src/client/rest/mod.ts";
import { PagedList } from "../paged_list.ts";
import type { Desk } from "./desk.ts";
import { Moment } from "./moment.ts";
import { ListEnd, Toolbar } from "./toolbar.ts";

/** The end of an id, by which a handful of instances can be told apart. */
const SHOWN = 8;
const COUNT = new Intl.NumberFormat([]);
const MEGABYTES = new Intl.NumberFormat([], {
  style: "unit",
  unit: "megabyte",
  maximumFractionDigits: 0,
});

export function InstanceTable({ desk }: { desk: Desk }) {
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
      <div class="table" tabindex="0" role="region" aria-label="Instances">
        <table>
          <thead>
            <tr>
              <th scope="col">Instance</th>
              <th scope="col" class="number">Sockets</th>
              <th scope="col" class="number">Rooms</th>
              <th scope="col" class="number">Memory</th>
              <th scope="col">Version</th>
              <th scope="col">Since</th>
              <th scope="col">Heard of</th>
            </tr>
          </thead>
          <tbody>
          ${instances.map((instance) => html`<${Row} key=${instance.id} instance=${instance} />`)}
        </tbody>
        </table>
      </div>
      <${ListEnd} list=${list}>There is none.<//>
    <p class="faint">
      An instance says every 5 s how it is. Instances that no bus connects do not know each other:
      then only the one that has answered is here.
    </p>
  `;
}

function Row({ instance: { id, isThis, heardAt, status } }: { instance: Instance }) {
  return html`
    <tr>
      <th scope="row"><code title=${id}>${id.slice(-SHOWN)}</code> ${isThis &&
        html`<em class="badge">answered</em>`}</th>
      <td class="number">${status ? COUNT.format(status.sockets) : "?"}</td>
      <td class="number">${status ? COUNT.format(status.rooms) : "?"}</td>
      <td class="number">${status ? MEGABYTES.format(status.memoryBytes / 1e6) : "?"}</td>
      <td>${status?.version ?? "?"}</td>
      <td>${status ? html`<${Moment} at=${status.startedAt} />` : "?"}</td>
      <td>${isThis ? "now" : html`<${Moment} at=${heardAt} />`}</td>
    </tr>
  `;
}
