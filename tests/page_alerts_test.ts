/** When the page calls for a user who is not looking, and how. */
import assert from "node:assert/strict";
import type { ChatMessage, RoomState } from "../src/client/mod.ts";
import { type Notifications, watchForAlerts } from "../web/notifications/alerts.ts";
import {
  DesktopNotifications,
  type NotificationConstructor,
} from "../web/notifications/desktop_notifications.ts";
import { pageTitle } from "../web/notifications/page_title.ts";
import { inOneTab } from "../web/one_tab.ts";
import { plainText } from "../web/text/plain_text.ts";
import { sentMessage } from "./harness/sent_message.ts";

const NOW = Date.parse("2026-01-01T12:00:00Z");
const FOR_ADA = { mentions: ["ada"] };

Deno.test("a mention, an answer to one's own message and a call for the room alert, nothing else", () => {
  const { room, alerts } = watched();
  room.receive(message(1, { sender: user("ada") }));
  room.receive(
    message(2, FOR_ADA),
    message(3, { replyTo: "1" }),
    message(4, { mentionsRoom: true }),
  );
  room.receive(message(5), message(6, { replyTo: "2" }), message(7, { mentions: ["bob"] }));
  room.receive(
    message(8, { ...FOR_ADA, sender: user("ada") }),
    message(9, { ...FOR_ADA, system: true }),
  );
  room.receive(message(10, { ...FOR_ADA, deletedAt: "2026-01-01" }));
  assert.deepEqual(alerts, ["2 mention", "3 reply", "4 room"]);
});

Deno.test("the choice for a room decides: every message alerts, or nothing", () => {
  const { room, alerts, choose } = watched();
  choose("all");
  room.receive(message(1), message(2, FOR_ADA), message(3, { sender: user("ada") }));
  choose("none");
  room.receive(message(4), message(5, FOR_ADA));
  choose("mentions");
  room.receive(message(6), message(7, FOR_ADA));
  assert.deepEqual(alerts, ["1 message", "2 mention", "7 mention"]);
});

Deno.test("nothing alerts while the user looks, and it does not later either", () => {
  const { room, alerts, look } = watched();
  look(true);
  room.receive(message(1, FOR_ADA));
  look(false);
  room.receive(message(2));
  assert.deepEqual(alerts, []);
});

Deno.test("what was there at the first join does not alert, nor older messages that are loaded", () => {
  const { room, alerts } = watched({
    messages: [message(7, FOR_ADA)],
    status: "joining",
    cursor: 7,
  });
  room.become("live");
  room.receive(message(8));
  room.load(message(3, FOR_ADA));
  assert.deepEqual(alerts, []);
});

Deno.test("an alert is given once, whatever changes later", () => {
  const { room, alerts } = watched();
  room.receive(message(1, FOR_ADA));
  room.receive(message(1, { ...FOR_ADA, text: "edited" }));
  room.receive({ ...message(2), seq: null, id: null, state: "queued" });
  assert.deepEqual(alerts, ["1 mention"]);
});

Deno.test("of what an outage hid the last one alerts, if it is recent", () => {
  const { room, alerts } = watched();
  room.become("waiting");
  room.receive(message(1, FOR_ADA), message(2, FOR_ADA), message(3));
  assert.deepEqual(alerts, []);
  room.become("live");
  assert.deepEqual(alerts, ["2 mention"]);
  room.become("waiting");
  room.receive(message(4, { ...FOR_ADA, createdAt: "2026-01-01T11:00:00Z" }));
  room.become("live");
  assert.deepEqual(alerts, ["2 mention"]);
});

Deno.test("what was read on another device does not alert", () => {
  const { room, alerts } = watched();
  room.readSeq = 1;
  room.receive(message(1, FOR_ADA));
  assert.deepEqual(alerts, []);
});

Deno.test("after the server was restored from a backup new messages alert again", () => {
  const { room, alerts } = watched({ cursor: 100 });
  room.become("waiting");
  room.cursor = 3;
  room.become("live");
  room.receive(message(4, FOR_ADA));
  assert.deepEqual(alerts, ["4 mention"]);
});

Deno.test("a watch that has ended alerts no more", () => {
  const { room, alerts, end } = watched();
  end();
  room.receive(message(1, FOR_ADA));
  assert.deepEqual(alerts, []);
});

Deno.test("notifications are off until the user turns them on and the browser allows them", async () => {
  const platform = fakePlatform("default", "granted");
  const notifications = new DesktopNotifications("ada", platform);
  await notifications.show(NOTIFICATION);
  assert.deepEqual(platform.shown, []);
  assert.equal(await notifications.turnOn(), true);
  await notifications.show(NOTIFICATION);
  assert.deepEqual(platform.shown, [NOTIFICATION.title]);
  assert.equal(new DesktopNotifications("ada", platform).isOn, true);
  assert.equal(new DesktopNotifications("bob", platform).isOn, false);
  notifications.turnOff();
  assert.equal(new DesktopNotifications("ada", platform).isOn, false);
  assert.equal(platform.asked, 1);
});

Deno.test("notifications that are refused or unsupported stay off without an error", async () => {
  const denied = new DesktopNotifications("ada", fakePlatform("default", "denied"));
  assert.equal(await denied.turnOn(), false);
  const { Notification: _, ...without } = fakePlatform("default", "granted");
  const unsupported = new DesktopNotifications("ada", without);
  assert.equal(unsupported.permission, "unsupported");
  assert.equal(await unsupported.turnOn(), false);
  await unsupported.show(NOTIFICATION);
});

Deno.test("a click on a notification opens its address, and those left are closed on return", async () => {
  const platform = fakePlatform("granted", "granted");
  const notifications = new DesktopNotifications("ada", platform);
  await notifications.turnOn();
  await notifications.show(NOTIFICATION);
  platform.last!.onclick();
  assert.deepEqual(platform.opened, ["#/tea"]);
  for (let i = 0; i < 50; i++) await notifications.show({ ...NOTIFICATION, id: `${i}` });
  const before = platform.closed;
  notifications.closeAll();
  assert.equal(platform.closed - before, 20);
});

Deno.test("where pages may not show notifications the service worker does", async () => {
  const platform = fakePlatform("granted", "granted");
  platform.isForbidden = true;
  const notifications = new DesktopNotifications("ada", platform);
  await notifications.turnOn();
  await notifications.show(NOTIFICATION);
  assert.deepEqual(platform.shown, [`worker: ${NOTIFICATION.title}`]);
});

Deno.test("of several tabs one does what all would, and each where tabs cannot agree", async () => {
  const [done, values] = [[] as string[], new Map<string, string>()];
  const storage = {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
  };
  const locks = {
    request: (_: string, work: () => void) => Promise.resolve(work()),
  };
  const tabs = () => ({ locks, storage });
  for (const name of ["a", "a", "b", "a"]) await inOneTab(name, () => done.push(name), tabs);
  assert.deepEqual(done, ["a", "b"]);
  await inOneTab("a", () => done.push("without locks"), () => ({ locks: undefined, storage }));
  await inOneTab("a", () => done.push("without storage"), () => {
    throw new DOMException("forbidden", "SecurityError");
  });
  assert.deepEqual(done, ["a", "b", "without locks", "without storage"]);
});

Deno.test("the title counts mentions, or else what is unread", () => {
  assert.equal(pageTitle("", 0, 0), "EchoRoom");
  assert.equal(pageTitle("Tea", 0, 0), "Tea – EchoRoom");
  assert.equal(pageTitle("Tea", 3, 0), "(3) Tea – EchoRoom");
  assert.equal(pageTitle("Tea", 100, 2), "(@2) Tea – EchoRoom");
  assert.equal(pageTitle("", 100, 0), "(99+) EchoRoom");
});

Deno.test("a text without its markup is one line that is not too long", () => {
  assert.equal(
    plainText("**Hi** @Ada,\n\n- a\n- `b`\n\n> [c](https://d.example)"),
    "Hi @Ada, a, b c",
  );
  assert.equal(plainText("```js\nlet a;\n```\n<b>x</b>"), "let a; <b>x</b>");
  assert.equal(plainText("👍".repeat(200), 10), `${"👍".repeat(9)}…`);
});

const NOTIFICATION = { id: "1", title: "Bob in Tea", body: "Hi", address: "#/tea" };

/** A live room that Ada does not look at, and what alerts her. */
function watched(
  { messages = [] as ChatMessage[], status = "live" as RoomState["status"], cursor = 0 } = {},
) {
  const room = new FakeRoom(messages, status, cursor);
  const alerts: string[] = [];
  let isLooking = false;
  let notifications: Notifications = "mentions";
  const end = watchForAlerts(room, {
    ownId: "ada",
    notifications: () => notifications,
    isLooking: () => isLooking,
    onAlert: ({ message, reason }) => alerts.push(`${message.id} ${reason}`),
    now: () => NOW,
  });
  const choose = (choice: Notifications) => void (notifications = choice);
  return { room, alerts, end, choose, look: (looks: boolean) => void (isLooking = looks) };
}

class FakeRoom {
  readonly info = { get: () => null, subscribe: () => () => {} };
  readonly unread = {
    get: () => ({ readSeq: this.readSeq, count: 0, mentions: 0 }),
    subscribe: () => () => {},
  };
  readonly messages = this.#observable(() => this.#messages);
  readonly state = this.#observable(() => ({ status: this.#status }) as RoomState);
  readSeq: number | null = null;
  cursor: number;
  #messages: ChatMessage[];
  #status: RoomState["status"];
  readonly #listeners = new Set<() => void>();

  constructor(messages: ChatMessage[], status: RoomState["status"], cursor: number) {
    this.#messages = messages;
    this.#status = status;
    this.cursor = cursor;
  }

  readonly find = (ref: unknown) => this.#messages.find(({ id }) => id === ref);

  become(status: RoomState["status"]): void {
    this.#status = status;
    this.#changed();
  }

  receive(...received: ChatMessage[]): void {
    for (const message of received) {
      this.#messages = [...this.#messages.filter(({ key }) => key !== message.key), message];
      this.cursor = Math.max(this.cursor, message.seq ?? 0);
    }
    this.#changed();
  }

  load(older: ChatMessage): void {
    this.#messages = [older, ...this.#messages];
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  #observable<T>(get: () => T) {
    const subscribe = (listener: () => void) => {
      this.#listeners.add(listener);
      return () => this.#listeners.delete(listener);
    };
    return { get, subscribe };
  }
}

type Decision = NotificationConstructor["permission"];

function fakePlatform(permission: Decision, answer: Decision) {
  const values = new Map<string, string>();
  const platform = {
    asked: 0,
    closed: 0,
    isForbidden: false,
    shown: [] as string[],
    opened: [] as string[],
    last: null as { onclick: () => void } | null,
    Notification: class {
      static permission = permission;
      static requestPermission() {
        platform.asked++;
        this.permission = answer;
        return Promise.resolve(answer);
      }
      onclick = () => {};
      constructor(title: string) {
        if (platform.isForbidden) throw new TypeError("Illegal constructor");
        platform.shown.push(title);
        platform.last = this;
      }
      close() {
        platform.closed++;
      }
    } as NotificationConstructor,
    showByWorker: (title: string) => {
      platform.shown.push(`worker: ${title}`);
      return Promise.resolve();
    },
    storage: () => ({
      getItem: (key: string) => values.get(key) ?? null,
      setItem: (key: string, value: string) => void values.set(key, value),
      removeItem: (key: string) => void values.delete(key),
    }),
    open: (address: string) => void platform.opened.push(address),
  };
  return platform;
}

function message(seq: number, fields: Partial<ChatMessage> = {}): ChatMessage {
  const createdAt = new Date(NOW - 60_000).toISOString();
  return sentMessage(seq, { sender: user("bob"), createdAt, ...fields });
}

function user(id: string) {
  return { id, displayName: id, avatarUrl: null };
}
