/** What the client observes, as signals: a component that reads one is shown again when it changes. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Observable } from "../src/client/mod.ts";

const known = new WeakMap<Observable<unknown>, ReadonlySignal<unknown>>();

/** The signal of an observable, which is subscribed to while anything depends on the signal. */
export function signalOf<T>(observable: Observable<T>): ReadonlySignal<T> {
  const made = known.get(observable) ?? follow(observable);
  known.set(observable, made);
  return made as ReadonlySignal<T>;
}

function follow<T>(observable: Observable<T>): ReadonlySignal<T> {
  let end = () => {};
  const update = () => void (following.value = observable.get());
  const following = signal(observable.get(), {
    watched() {
      end = observable.subscribe(update);
      update();
    },
    unwatched() {
      end();
    },
  });
  return following;
}
