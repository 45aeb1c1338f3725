/** The list of instances that are alive, for admins. */
import assert from "node:assert/strict";
import type { InstanceStatus } from "../src/domain/instance.ts";
import type { Bus, BusEvent } from "../src/ports/bus.ts";
import { Instances } from "../src/rooms/instances.ts";
import { VERSION } from "../src/version.ts";
import { onStage } from "./harness/stage.ts";

const STATUS: InstanceStatus = {
  version: "1.2.3",
  startedAt: 1_700_000_000_000,
  sockets: 3,
  rooms: 2,
  memoryBytes: 1e8,
};

Deno.test("an admin is shown the instance that answers, with its sockets and rooms", () =>
  onStage(async (stage) => {
    const [admin] = await stage.people("Grace");
    const [bob] = await stage.people("Bob");
    const { id: roomId } = await bob.createRoom("General");
    await stage.join(bob, roomId);
    await stage.connect(admin);
    const { status, body } = await admin.request("GET", "/instances");
    assert.equal(status, 200);
    const [{ id, heardAt, status: own, ...rest }, ...others] = body.instances;
    assert.deepEqual([rest, others], [{ isThis: true }, []]);
    assert.ok(id.length > 0 && Date.parse(heardAt) >= Date.parse(own.startedAt));
    assert.deepEqual([own.version, own.sockets, own.rooms], [VERSION, 2, 1]);
    assert.ok(own.memoryBytes > 1e6);
  }));

Deno.test("whoever is no admin is refused the list of instances", () =>
  onStage(async (stage) => {
    await stage.people("Grace");
    const [bob] = await stage.people("Bob");
    await bob.createRoom("General");
    const { status, body } = await bob.request("GET", "/instances");
    assert.deepEqual([status, body.code], [403, "forbidden"]);
  }));

Deno.test("others are listed with what they said last, until they leave", () => {
  const published: BusEvent[] = [];
  const bus = {
    instanceId: "this",
    connected: true,
    publish: (event: BusEvent) => void published.push(event),
  } as unknown as Bus;
  const instances = new Instances({
    bus,
    ownStatus: { read: () => STATUS },
    heartbeats: () => [{ kind: "alive", versions: [] }, { kind: "alive", versions: [] }],
    onLost: () => {},
  });
  const statuses = () => instances.list().map(({ id, status }) => [id, status?.sockets]);
  assert.deepEqual(statuses(), [["this", 3]]);
  // The first of several heartbeats at once says it.
  assert.deepEqual(published.map((event) => "status" in event), [true, false]);
  instances.receive({ kind: "alive", versions: [], status: { ...STATUS, sockets: 7 } }, "other");
  instances.receive({ kind: "alive", versions: [] }, "other");
  instances.receive({ kind: "alive", versions: [] }, "older");
  assert.deepEqual(statuses(), [["this", 3], ["other", 7], ["older", undefined]]);
  instances.receive({ kind: "instance_left" }, "other");
  assert.deepEqual(statuses(), [["this", 3], ["older", undefined]]);
  instances.close();
});
