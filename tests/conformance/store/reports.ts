/** What every store must do with reports. */
import assert from "node:assert/strict";
import { type Closing, type Report, REPORT_KEPT_MS } from "../../../src/domain/report.ts";
import type { Store } from "../../../src/ports/store/store.ts";
import {
  append,
  CREATED,
  createRoomWithAda,
  draft,
  newAttachment,
  newId,
  newReport,
  pick,
  range,
  type Register,
  UNKNOWN_IDS,
} from "./fixtures.ts";

export function testReports(test: Register): void {
  test("a report is found as it was made, with the message as it was", async (store, connect) => {
    const report = await reported(store, { comment: "Look" });
    assert.deepEqual(await store.reports.create(report), report);
    assert.deepEqual(await (await connect()).reports.find(report.id), report);
    const edited = { ...report.message, editedAt: CREATED, metadata: { $a: [1] }, mentions: ["x"] };
    const attachments = [newAttachment()];
    const other = { ...report, id: newId(), message: { ...edited, id: newId(), attachments } };
    await store.reports.create(other);
    assert.deepEqual(await store.reports.find(other.id), other);
  });

  test("of many reports of a message by one user the first is kept", async (store, connect) => {
    const stores = [store, await connect()];
    const report = await reported(store);
    const rivals = range(1, 10).map((i) => ({ ...report, id: newId(), reason: `Reason ${i}` }));
    const made = await Promise.all(rivals.map((each, i) => pick(stores, i).reports.create(each)));
    assert.equal(new Set(made.map(({ id }) => id)).size, 1);
    const { roomId } = report;
    assert.deepEqual(await store.reports.list({ roomIds: [roomId] }, 20), [made[0]]);
    const another = { ...report, id: newId(), reporterId: newId() };
    assert.deepEqual(await store.reports.create(another), another);
    const elsewhere = { ...report, id: newId(), message: { ...report.message, id: newId() } };
    assert.deepEqual(await store.reports.create(elsewhere), elsewhere);
  });

  test("reports are listed by their ids, the last first, page by page", async (store) => {
    const report = await reported(store);
    const { roomId } = report;
    const ids = range(1, 25).map((i) => `${roomId} ${String(i).padStart(2, "0")}`);
    for (const id of ids.toSorted(() => Math.random() - 0.5)) {
      await store.reports.create({ ...report, id, reporterId: newId() });
    }
    const found: string[] = [];
    for (;;) {
      const page = await store.reports.list({ roomIds: [roomId] }, 10, found.at(-1));
      if (page.length === 0) break;
      found.push(...page.map(({ id }) => id));
    }
    assert.deepEqual(found, ids.toReversed());
  });

  test("reports are listed by state and by several rooms", async (store) => {
    const [a, b, c] = [await reported(store), await reported(store), await reported(store)];
    for (const report of [a, b, c]) await store.reports.create(report);
    const closed = (await store.reports.close(b.id, closing({ state: "resolved" })))!;
    const ids = async (filter: Parameters<Store["reports"]["list"]>[0]) => {
      return (await store.reports.list(filter, 1_000)).map(({ id }) => id);
    };
    const sorted = (...reports: Report[]) => reports.map(({ id }) => id).sort().reverse();
    const roomIds = [a.roomId, b.roomId];
    assert.deepEqual(await ids({ roomIds }), sorted(a, b));
    assert.deepEqual(await ids({ roomIds, state: "open" }), sorted(a));
    assert.deepEqual(await ids({ roomIds, state: "resolved" }), sorted(b));
    assert.deepEqual(await ids({ roomIds, state: "dismissed" }), []);
    assert.deepEqual(await ids({ roomIds: [] }), []);
    const open = await ids({ state: "open" });
    assert.ok(open.includes(a.id) && open.includes(c.id) && !open.includes(closed.id));
    assert.ok([a, b, c].every(({ id }) => id));
    const all = await ids({});
    assert.ok([a, b, c].every(({ id }) => all.includes(id)));
  });

  test("a report is closed, and closed otherwise", async (store) => {
    const report = await reported(store);
    await store.reports.create(report);
    for (const state of ["resolved", "dismissed"] as const) {
      const how = closing({ state, note: state === "resolved" ? "Banned" : null });
      const closed = { ...report, ...how };
      assert.deepEqual(await store.reports.close(report.id, how), closed);
      assert.deepEqual(await store.reports.find(report.id), closed);
    }
  });

  test("an unknown report is null", async (store) => {
    for (const unknown of UNKNOWN_IDS) {
      assert.equal(await store.reports.find(unknown), null);
      assert.equal(await store.reports.close(unknown, closing()), null);
    }
  });

  test("a report that was closed 90 days ago is gone, and the message may be reported anew", async (store) => {
    const report = await reported(store);
    await store.reports.create(report);
    const closedAt = new Date(Date.now() - REPORT_KEPT_MS - 1_000);
    await store.reports.close(report.id, closing({ closedAt }));
    assert.equal(await store.reports.find(report.id), null);
    assert.equal(await store.reports.close(report.id, closing()), null);
    assert.deepEqual(await store.reports.list({ roomIds: [report.roomId] }, 10), []);
    const anew = { ...report, id: newId() };
    assert.deepEqual(await store.reports.create(anew), anew);
    await store.repair();
    assert.deepEqual(await store.reports.find(anew.id), anew);
  });

  test("one that was closed 89 days ago is there", async (store) => {
    const report = await reported(store);
    await store.reports.create(report);
    const closedAt = new Date(Date.now() - REPORT_KEPT_MS * 89 / 90);
    const closed = await store.reports.close(report.id, closing({ closedAt }));
    await store.repair();
    assert.deepEqual(await store.reports.find(report.id), closed);
  });
}

/** A report of a new message in a new room. */
async function reported(store: Store, fields: Partial<Report> = {}): Promise<Report> {
  const { room, ada } = await createRoomWithAda(store);
  const [message] = await append(store, room.id, [draft(ada, { text: "Rude" })]);
  return newReport(message!, fields);
}

function closing(fields: Partial<Closing> = {}): Closing {
  return {
    state: "resolved",
    note: null,
    closedById: newId(),
    closedAt: new Date(),
    ...fields,
  };
}
