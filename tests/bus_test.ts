/** The buses that stay in one process: of a single instance, and of several workers. */
import { InProcessBus } from "../src/adapters/bus/in_process.ts";
import { type Relay, WorkersBus } from "../src/adapters/bus/workers.ts";
import { type Deployment, newEntry, testBus } from "./conformance/bus.ts";
import type { Bus } from "../src/ports/bus.ts";

testBus({
  name: "in one process",
  instances: 1,
  open: () => Promise.resolve(deploy([new InProcessBus()], () => {})),
});

testBus({
  name: "between workers",
  instances: 2,
  open() {
    const [here, there] = [new Line(), new Line()];
    here.join(there);
    there.join(here);
    const buses = [new WorkersBus(here), new WorkersBus(there)];
    return Promise.resolve(deploy(buses, (text) => here.send(text)));
  },
});

/** One end of a way between two workers. */
class Line implements Relay {
  readonly #others: Line[] = [];
  #listener: (text: string) => void = () => {};

  join(other: Line): void {
    this.#others.push(other);
  }

  send(text: string): void {
    for (const other of this.#others) queueMicrotask(() => other.#listener(text));
  }

  onText(listener: (text: string) => void): void {
    this.#listener = listener;
  }
}

function deploy(buses: Bus[], spoil: (text: string) => void): Deployment {
  return {
    buses,
    append(roomId, outcome = "known") {
      const entry = newEntry(roomId);
      buses[0]!.publish(
        outcome === "known"
          ? { kind: "appended", roomId, entries: [entry] }
          : { kind: "append_uncertain", roomId },
      );
      return Promise.resolve(entry);
    },
    changeAccount(userId) {
      buses[0]!.publish({ kind: "account_changed", accountId: userId });
      return Promise.resolve();
    },
    spoil: (_, text) => Promise.resolve(spoil(text)),
    async close() {
      await Promise.all(buses.map((bus) => bus.close()));
    },
  };
}
