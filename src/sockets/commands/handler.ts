/** What does a client's command: a handler for each event. */
import type { Dependencies } from "../../application/dependencies.ts";
import type { ClientData, ClientEvent } from "../../protocol/schemas/events.ts";
import type { Command } from "../command.ts";
import type { Connections } from "../connections.ts";

/** Does what a command asks. What it throws is answered as an `error` event. */
export type Handler<Data> = (command: Command, data: Data) => void | Promise<void>;

/** The handlers of these events. */
export type HandlersOf<E extends ClientEvent> = { [Event in E]: Handler<ClientData<Event>> };

export type Handlers = HandlersOf<ClientEvent>;

/** What handlers depend on. */
export interface Context extends Dependencies {
  connections: Connections;
}
