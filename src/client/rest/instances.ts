/** The server's instances, for admins. */
import type { Instance } from "../../protocol/wire/instances.ts";
import type { Api } from "../api.ts";

/** `GET /instances`, for admins: the one that answers first. */
export async function listInstances(api: Api): Promise<Instance[]> {
  return (await api.request<{ instances: Instance[] }>("GET", "instances")).instances;
}
