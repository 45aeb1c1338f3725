/** Taking a command for a room's log. */
import assert from "node:assert/strict";
import { acceptChange, type AcceptDependencies } from "../src/application/messages/accept.ts";
import type { Participant } from "../src/domain/actor.ts";
import { LOG_START } from "../src/domain/entry.ts";
import { STRANGER } from "../src/domain/membership.ts";
import { type Message, PLAIN } from "../src/domain/message.ts";
import { capabilitiesOf } from "../src/domain/permissions.ts";
import { OPEN_RULES } from "../src/domain/room.ts";
import type { MessageStore } from "../src/ports/store/messages.ts";
import type { Store } from "../src/ports/store/store.ts";
import { type Command, decide } from "../src/services/decision.ts";
import { RoomState } from "../src/services/room_state.ts";

const ADA: Participant = {
  userId: "ada",
  sessionId: "session",
  user: { id: "ada", displayName: "Ada", avatarUrl: null },
};
const PLACE = { rules: OPEN_RULES, standing: STRANGER };
const MESSAGE: Message = {
  ...PLAIN,
  id: "message",
  roomId: "room",
  seq: 1,
  changedSeq: 1,
  textSeq: 1,
  sender: ADA.user,
  text: "Hello",
  system: false,
  clientMessageId: "c1",
  createdAt: new Date(),
  updatedAt: new Date(),
};

Deno.test("a change that is decided again is another entry of the same command", async () => {
  const commands: Command[] = [];
  const dependencies = {
    access: { known: () => ({ roomId: "room", capabilities: new Set() }) },
    rateLimits: { consume: () => Promise.resolve() },
    members: { expected: () => undefined },
    log: {
      append(_roomId: string, command: Command) {
        commands.push(command);
        return Promise.resolve({ unchanged: MESSAGE });
      },
    },
  } as unknown as AcceptDependencies;
  const target = { room: "room", messageId: MESSAGE.id };
  await acceptChange(ADA, dependencies, target, (before) => {
    return { kind: "pinned", message: { ...before, pinned: true } };
  });
  const messages = { find: () => Promise.resolve([MESSAGE]) } as Partial<MessageStore>;
  const drafts = [];
  for (const command of [commands[0]!, commands[0]!]) {
    const needs = [command.needs!];
    const authors = { places: new Map([["ada", PLACE]]), table: capabilitiesOf };
    const state = await RoomState.read(
      { messages } as Store,
      "room",
      LOG_START,
      needs,
      authors,
    );
    const attempt = decide(state, [{ command }]);
    drafts.push(attempt.drafts[0]!);
  }
  const [first, again] = drafts as { id: string; clientMessageId: string }[];
  assert.notEqual(first!.id, again!.id);
  assert.equal(first!.clientMessageId, again!.clientMessageId);
});
