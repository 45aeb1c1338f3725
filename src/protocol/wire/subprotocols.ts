/** The subprotocols of the WebSocket. */

/** `echoroom.v1` is what offering none means; with `echoroom.batch` frames may hold several events. */
export const SUBPROTOCOLS = ["echoroom.v1", "echoroom.batch"] as const;

export type Subprotocol = typeof SUBPROTOCOLS[number];
