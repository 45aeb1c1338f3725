/** Faults of a site: planned from a seed, injected one by one, reported as they happen. */
import type { MongodbServer } from "../harness/mongodb_server.ts";
import type { RedisServer } from "../harness/redis_server.ts";
import { sleep } from "../harness/stage.ts";
import type { Instance } from "./instances.ts";
import type { Random } from "./random.ts";

/** Everything that can fail. */
export interface Site {
  instances: Instance[];
  database: MongodbServer | null;
  redis: RedisServer | null;
}

type Target = "instance" | "database" | "redis";
type Harm = "kill" | "restart" | "hang";

export interface Fault {
  /** Milliseconds after the beginning; later if the fault before it is not over then. */
  at: number;
  harm: Harm;
  target: Target;
  /** The index of the instance. */
  index: number;
  /** Milliseconds until it is repaired. */
  lasts: number;
}

/** What can fail, how, and for how long. */
const HARMS: { target: Target; harm: Harm; lasts: [min: number, max: number] }[] = [
  { target: "instance", harm: "kill", lasts: [100, 3_000] },
  { target: "instance", harm: "restart", lasts: [0, 1_000] },
  { target: "instance", harm: "hang", lasts: [1_000, 4_000] },
  { target: "database", harm: "kill", lasts: [100, 2_000] },
  { target: "database", harm: "hang", lasts: [2_000, 4_000] },
  { target: "redis", harm: "kill", lasts: [100, 3_000] },
  { target: "redis", harm: "hang", lasts: [1_000, 5_000] },
];

/** Between two faults of a lane. */
const REST_MS = { instances: [500, 2_500], backing: [2_000, 4_000] } as const;

/**
 * Plans faults in two lanes, so that an instance can fail together with a service it depends on, but never
 * two instances or two of the others together. Each kind is equally frequent.
 */
export function planFaults(site: Site, milliseconds: number, random: Random): Fault[][] {
  const possible = HARMS.filter(({ target }) => target === "instance" || site[target] !== null);
  const instances = possible.filter(({ target }) => target === "instance");
  const backing = possible.filter(({ target }) => target !== "instance");
  return [
    planLane(instances, REST_MS.instances, site.instances.length, milliseconds, random),
    planLane(backing, REST_MS.backing, 1, milliseconds, random),
  ];
}

function planLane(
  harms: typeof HARMS,
  rest: readonly [number, number],
  count: number,
  milliseconds: number,
  random: Random,
): Fault[] {
  const plan: Fault[] = [];
  let bag: typeof HARMS = [];
  let at = random.between(...rest);
  while (harms.length > 0 && at < milliseconds) {
    if (bag.length === 0) bag = random.shuffled(harms);
    const { target, harm, lasts: range } = bag.pop()!;
    const lasts = random.between(...range);
    plan.push({ at, harm, target, index: Math.floor(random.between(0, count)), lasts });
    at += lasts + random.between(...rest);
  }
  return plan;
}

/**
 * Injects the faults that are due in time, and resolves with them once all is repaired and serves
 * again. Starting what was killed takes as long as it takes, which a plan cannot know.
 */
export async function inject(
  plan: Fault[][],
  site: Site,
  milliseconds = Infinity,
): Promise<Fault[]> {
  const start = performance.now();
  const injected: Fault[] = [];
  const lanes = plan.map(async (lane) => {
    for (const fault of lane) {
      await sleep(Math.max(0, fault.at - (performance.now() - start)));
      if (performance.now() - start > milliseconds) return;
      injected.push(fault);
      await strike(fault, site, start);
    }
  });
  // Not over before both are: what one starts after the end of the other would stay.
  await Promise.allSettled(lanes);
  await Promise.all(lanes);
  return injected;
}

async function strike({ target, harm, index, lasts }: Fault, site: Site, start: number) {
  const victim = target === "instance" ? site.instances[index]! : site[target]!;
  const name = target === "instance" ? site.instances[index]!.name : target;
  const from = performance.now() - start;
  if (harm === "hang") await victim.suspend();
  else if (harm === "restart" && "stop" in victim) await victim.stop();
  else await victim.kill();
  await sleep(lasts);
  if (harm === "hang") victim.resume();
  else await victim.start();
  console.log(`  ${seconds(from)} to ${seconds(performance.now() - start)}: ${harm} of ${name}`);
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1).padStart(5)} s`;
}
