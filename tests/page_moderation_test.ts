/** What the page for moderators says of the audit log. */
import assert from "node:assert/strict";
import { AUDIT_ACTIONS } from "../src/domain/audit.ts";
import type { AuditEntry } from "../src/client/rest/mod.ts";
import { ACTIONS, deedOf, reasonOf } from "../web/admin/audit_sentence.ts";

const BOB = { id: "bob", displayName: "Bob", avatarUrl: null };

function entry(action: string, data: AuditEntry["data"] = {}): AuditEntry {
  return {
    id: "entry",
    action,
    actor: null,
    roomId: "room",
    users: [BOB],
    data,
    createdAt: "2026-01-01T00:00:00.000Z",
  };
}

Deno.test("every action that is recorded can be filtered by, and reads as a sentence", () => {
  assert.deepEqual(Object.keys(ACTIONS).toSorted(), [...AUDIT_ACTIONS].toSorted());
  for (const action of AUDIT_ACTIONS) {
    const deed = deedOf(entry(action, { role: "member" }), "Tea");
    assert.doesNotMatch(deed, /_|undefined/, action);
    assert.match(deed, /Bob|Tea/, action);
  }
});

Deno.test("an entry names the role, the settings and the reason", () => {
  assert.equal(
    deedOf(entry("member_role", { role: "owner" }), "Tea"),
    "made Bob an owner of Tea",
  );
  assert.equal(
    deedOf(entry("member_added", { role: "moderator" }), "Tea"),
    "added Bob to Tea as a moderator",
  );
  const changes = { archived: true, name: "Tea", slowModeSeconds: 5 };
  assert.equal(
    deedOf(entry("room_updated", { changes }), "Tea"),
    "archived Tea and changed the name, slow mode of Tea",
  );
  assert.equal(
    deedOf(entry("user_role", { role: "member" }), "the server"),
    "took the role of an admin from Bob",
  );
  assert.equal(reasonOf(entry("member_banned", { reason: "Spam" })), "Spam");
  assert.equal(reasonOf(entry("report_resolved", { note: "Done" })), "Done");
});

Deno.test("an action of a later release is named all the same", () => {
  assert.equal(deedOf(entry("file_deleted"), "Tea"), "file deleted Bob");
});
