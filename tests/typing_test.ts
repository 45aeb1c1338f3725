/** Typing shows users with their present profile. */
import assert from "node:assert/strict";
import { InProcessBus } from "../src/adapters/bus/in_process.ts";
import type { BusEvent } from "../src/ports/bus.ts";
import type { Subscriber } from "../src/rooms/subscriber.ts";
import { RecentProfiles } from "../src/rooms/recent_profiles.ts";
import { Typing } from "../src/rooms/typing.ts";

const ADA = { id: "ada", displayName: "Ada", avatarUrl: null };
const COUNTESS = { ...ADA, displayName: "Countess" };
const SOCKET = {} as Subscriber;

/** Typing in the room `general`, and the events it gets. */
function openTyping() {
  const updates: [name: string, isTyping: boolean][] = [];
  const profiles = new RecentProfiles();
  const typing = new Typing(new InProcessBus(), (_roomId, text) => {
    const { user, isTyping } = JSON.parse(text).data;
    updates.push([user.displayName, isTyping]);
  }, profiles);
  const receive = (event: BusEvent, from: string) => {
    profiles.receive(event);
    typing.receive(event, from);
  };
  return { typing, updates, receive };
}

Deno.test("a user who changes their profile while typing stops under their new name", () => {
  const { typing, updates, receive } = openTyping();
  typing.start("general", SOCKET, ADA);
  receive({ kind: "profile_changed", user: COUNTESS }, "elsewhere");
  typing.stop("general", SOCKET, "ada");
  assert.deepEqual(updates, [["Ada", true], ["Countess", false]]);
  typing.close();
});

Deno.test("typing that another instance published before the change is shown under the new name", () => {
  const { typing, updates, receive } = openTyping();
  receive({ kind: "profile_changed", user: COUNTESS }, "elsewhere");
  receive({ kind: "typing", roomId: "general", user: ADA, state: "started" }, "elsewhere");
  assert.deepEqual(updates, [["Countess", true]]);
  typing.close();
});
