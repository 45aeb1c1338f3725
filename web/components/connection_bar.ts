/** Shows the state of the connection, a button to reconnect, and notices such as what was recovered. */
import { html } from "htm/preact";
import type { Client, ConnectionState } from "../../src/client/mod.ts";
import { howSoon } from "../clock.ts";
import type { Notice } from "../notice.ts";
import { signalOf } from "../observed.ts";

export function ConnectionBar({ client, notice }: { client: Client; notice: Notice }) {
  const state = signalOf(client.connection).value;
  const said = notice.text.value;
  const isNotable = state.status !== "online" || said !== "";
  return html`
    <p class=${`connection ${isNotable ? "notable" : ""}`} data-state=${state.status}>
      <span class="connection-state" role="status">
        ${[describe(state), said].filter(Boolean).join(" · ")}
      </span>
      ${["waiting", "stopped", "idle"].includes(state.status) && html`
        <button class="quiet" type="button" onClick=${() => client.connect()}>Connect now</button>
      `}
    </p>
  `;
}

function describe(state: ConnectionState): string {
  switch (state.status) {
    case "online":
      return "Online";
    case "connecting":
      return "Connecting…";
    case "waiting": {
      const soon = howSoon(state.retryAt);
      return `Offline: ${state.reason} Trying again ${soon}. What you write is kept.`;
    }
    case "stopped":
      return `Offline: ${state.reason}`;
    default:
      return "Offline";
  }
}
