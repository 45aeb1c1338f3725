/** One instance: composed, listening on its port, and ended in good order. */
import { addressFault } from "./address.ts";
import { compose, type Siblings } from "./compose.ts";
import { type Config, ConfigError } from "./config.ts";

export interface Running {
  /** Where it listens. */
  readonly port: number;
  /** What the start line says of store, bus and limits. */
  readonly description: string;
  /** Closes sockets with 1012, finishes what was accepted and lets go of everything. */
  end(): Promise<void>;
}

/**
 * @param siblings the other instances on this port, if it is shared
 * @throws ConfigError if a setting cannot be used
 */
export async function startInstance(config: Config, siblings?: Siblings): Promise<Running> {
  const server = await compose(config, siblings);
  const { host: hostname, port } = config;
  let listener: Deno.HttpServer<Deno.NetAddr>;
  try {
    const reusePort = siblings !== undefined;
    listener = Deno.serve({ hostname, port, reusePort, onListen: () => {} }, server.fetch);
  } catch (error) {
    await server.close();
    throw new ConfigError(addressFault(config, error));
  }
  return {
    port: listener.addr.port,
    description: server.description,
    async end() {
      // Sockets before the listener: its own way to end them would be the wrong close code.
      await server.drain();
      await Promise.all([listener.shutdown(), server.close()]);
    },
  };
}
