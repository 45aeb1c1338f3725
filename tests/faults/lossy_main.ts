/** Starts the server on a bus that loses one in `LOSSY_ONE_IN` events of other instances. */
import { MongoBus } from "../../src/adapters/bus/mongodb.ts";
import { RedisBus } from "../../src/adapters/bus/redis/bus.ts";
import { lossy } from "./loss.ts";
import { Random } from "./random.ts";

const oneIn = Number(Deno.env.get("LOSSY_ONE_IN"));
const random = new Random(Number(Deno.env.get("LOSSY_SEED")));

for (const { prototype } of [MongoBus, RedisBus]) {
  const { subscribe } = prototype;
  prototype.subscribe = function (listener) {
    subscribe.call(this, lossy(listener, { own: this.instanceId, oneIn, random }));
  };
}

await import("../../main.ts");
