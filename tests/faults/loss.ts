/** Losing events of other instances on their way to a listener. */
import type { BusListener } from "../../src/ports/bus.ts";
import type { Random } from "./random.ts";

/** Logged once the first event is lost, as proof. */
export const LOSS = "The bus has lost an event on purpose.";

/** A listener that gets all events of its `own` instance, and loses one in `oneIn` of others'. */
export function lossy(
  listener: BusListener,
  { own, oneIn, random }: { own: string; oneIn: number; random: Random },
): BusListener {
  let announced = false;
  return (event, from) => {
    if (from === own || random.next() >= 1 / oneIn) return listener(event, from);
    if (!announced) announce();
    announced = true;
  };
}

function announce(): void {
  const line = { "@timestamp": new Date().toISOString(), level: "INFO", message: LOSS };
  console.log(JSON.stringify(line));
}
