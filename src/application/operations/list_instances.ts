/** Lists the instances that are alive, for admins. */
import type { Actor } from "../../domain/actor.ts";
import type { LiveInstance } from "../../domain/instance.ts";
import { requireAdmin } from "../accounts/require_admin.ts";
import type { Dependencies } from "../dependencies.ts";

/**
 * This instance as it is now, and those whose heartbeats it has received, as these said: 5 s old at
 * most while the bus carries them.
 * @throws ChatError `forbidden` for others than admins
 */
export async function listInstances(
  actor: Actor,
  dependencies: Pick<Dependencies, "rooms" | "store">,
): Promise<LiveInstance[]> {
  await requireAdmin(actor, dependencies);
  return dependencies.rooms.presence.instances.list();
}
