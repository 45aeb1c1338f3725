/**
 * Stores for Svelte: `$messages` in a component is the value as it is now.
 *
 * @example
 * ```ts
 * import { createClient } from "@echoroom/client";
 * import { toStore } from "@echoroom/client/svelte";
 *
 * const client = createClient("https://chat.example.com");
 * const user = toStore(client.user); // $user in a component
 * user.subscribe((user) => console.log(user?.displayName ?? "nobody"));
 * ```
 *
 * @module
 */
import type { Observable } from "./observable.ts";

/** What Svelte reads with `$`: the contract of its stores. */
export interface Store<T> {
  /**
   * Calls a function with the value at once, and after each change.
   * @returns ends the subscription
   */
  subscribe(run: (value: T) => void): () => void;
}

/** A store of anything observable. */
export function toStore<T>({ get, subscribe }: Observable<T>): Store<T> {
  return {
    subscribe(run) {
      const end = subscribe(() => run(get()));
      run(get());
      return end;
    },
  };
}
