/**
 * Composables for Vue 3.5 and later: refs that follow what is there.
 *
 * @example
 * ```ts
 * import { createClient } from "@echoroom/client";
 * import { useObservable, useRoom } from "@echoroom/client/vue";
 *
 * const client = createClient("https://chat.example.com");
 *
 * function setup({ name }: { name: string }) {
 *   const room = useRoom(client, name); // joined while the component is there
 *   const messages = useObservable(() => room.value.messages);
 *   return { room, messages };
 * }
 * console.log(typeof setup);
 * ```
 *
 * @module
 */
import { type MaybeRefOrGetter, ref, type ShallowRef, shallowRef, toValue, watch } from "vue";
import type { Client } from "./client.ts";
import type { Observable } from "./observable.ts";
import type { Room } from "./room.ts";

/**
 * The value of anything observable, as long as the component is there.
 * @param source the observable, or a getter of one that may change to another
 */
export function useObservable<T>(
  source: MaybeRefOrGetter<Observable<T>>,
): Readonly<ShallowRef<T>> {
  const value = shallowRef() as ShallowRef<T>;
  watch(() => toValue(source), ({ get, subscribe }, _, onCleanup) => {
    value.value = get();
    onCleanup(subscribe(() => value.value = get()));
  }, { immediate: true, flush: "sync" });
  return value;
}

/**
 * Joins a room for as long as the component is there.
 * @param idOrSlug the name, or a getter of one that may change
 */
export function useRoom(
  client: Client,
  idOrSlug: MaybeRefOrGetter<string>,
): Readonly<ShallowRef<Room>> {
  const room = shallowRef() as ShallowRef<Room>;
  // Rooms end with the session; the next user joins them again.
  const losses = ref(0);
  watch([() => toValue(idOrSlug), losses], ([name], _, onCleanup) => {
    const joined = room.value = client.join(name);
    const end = joined.state.subscribe(() => {
      if (joined.state.get().status === "left") losses.value++;
    });
    onCleanup(() => {
      end();
      joined.leave();
    });
  }, { immediate: true, flush: "sync" });
  return room;
}
