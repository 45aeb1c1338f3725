/** The frames of the WebSocket as the server writes them. */
import { z } from "zod";
import type { ServerEvents } from "./wire/events.ts";

export const Ref = z.union([z.string(), z.number()]);
export type Ref = z.infer<typeof Ref>;

export type ServerEvent = keyof ServerEvents;
export type ServerData<E extends ServerEvent> = ServerEvents[E];

/** The text of one frame of the server. */
export function frame<E extends ServerEvent>(event: E, data: ServerData<E>, ref?: Ref): string {
  return JSON.stringify(ref === undefined ? { event, data } : { event, data, ref });
}

/**
 * As `frame`, from parts that are JSON already: what many sockets are sent is serialised once for
 * all of them.
 */
export function frameOf<E extends ServerEvent>(
  event: E,
  parts: { [Name in keyof ServerData<E>]: string },
  ref?: Ref,
): string {
  let data = "";
  for (const name in parts) data += `${data ? "," : ""}"${name}":${parts[name]}`;
  const end = ref === undefined ? "" : `,"ref":${JSON.stringify(ref)}`;
  return `{"event":"${event}","data":{${data}}${end}}`;
}

/** A part that is there only if the list holds something. */
export function listPart<Name extends string>(
  name: Name,
  list: readonly unknown[],
): { [N in Name]?: string } {
  return list.length === 0 ? {} : { [name]: JSON.stringify(list) } as { [N in Name]: string };
}
