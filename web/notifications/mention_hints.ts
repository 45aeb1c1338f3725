/** Reads the messages for the user again when there may be new ones. */
import { effect, type ReadonlySignal, untracked } from "@preact/signals";
import type { Client, RoomSummary } from "../../src/client/mod.ts";
import { signalOf } from "../observed.ts";
import type { MentionsInbox } from "./mentions_inbox.ts";

/** Returns what ends that. */
export function followMentions(
  inbox: MentionsInbox,
  client: Client,
  rooms: ReadonlySignal<readonly RoomSummary[] | null>,
): () => void {
  let known = -1;
  const ends = [
    client.onMention(() => void inbox.reload()),
    // Hints are lost while there is no connection.
    effect(() => {
      const isOnline = signalOf(client.connection).value.status === "online";
      const counts = rooms.value?.map(({ mentions }) => mentions) ?? [];
      const count = isOnline ? counts.reduce((sum, count) => sum + count, 0) : -1;
      if (count > known) untracked(() => void inbox.reload());
      known = count;
    }),
  ];
  return () => ends.forEach((end) => end());
}
