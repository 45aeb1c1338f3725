/** The address the server listens on: whether it is free, and the error if it is not. */

export interface Address {
  host: string;
  port: number;
}

/**
 * Checks whether the address is free. Without this check another server of this user that shares its
 * port with its workers would share it with this one, too.
 * @returns the fault, or null
 */
export function checkAddress({ host, port }: Address): string | null {
  try {
    Deno.listen({ hostname: host, port }).close();
    return null;
  } catch (error) {
    return addressFault({ host, port }, error);
  }
}

/** The fault of an address that cannot be listened on, and its fix. */
export function addressFault({ host, port }: Address, error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) {
    return "HOST cannot be listened at: the runtime was started without --allow-net; start with `deno task start`, or add the flag";
  }
  if (error instanceof Deno.errors.AddrInUse) {
    return `PORT is ${port}, which is taken; set it to another, or 0 for a free one`;
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return `PORT is ${port}, which this user may not take; set it to one from 1024 up`;
  }
  const reason = error instanceof Error ? error.message : String(error);
  return `HOST is ${
    JSON.stringify(host)
  }, where it cannot listen (${reason}); set it to an address of this machine, or unset it`;
}
