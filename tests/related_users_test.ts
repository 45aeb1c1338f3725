/** Every user whom a message names goes with it, whatever changes while they are read. */
import assert from "node:assert/strict";
import { creationOf, type Entry, entryAfter } from "../src/domain/entry.ts";
import { type Message, PLAIN } from "../src/domain/message.ts";
import type { PublicUser, User } from "../src/domain/user.ts";
import type { Bus, BusEvent } from "../src/ports/bus.ts";
import type { Store } from "../src/ports/store/store.ts";
import type { Entered } from "../src/rooms/catch_up.ts";
import { Feed } from "../src/rooms/feed.ts";
import { Flusher } from "../src/rooms/flusher.ts";
import { RecentProfiles } from "../src/rooms/recent_profiles.ts";
import { ServedRoom } from "../src/rooms/served_room.ts";
import type { Subscriber } from "../src/rooms/subscriber.ts";
import { Metrics } from "../src/services/metrics.ts";
import { PublicUsers } from "../src/services/public_users.ts";
import type { RoomLog } from "../src/services/room_log.ts";
import { nextTurn } from "./harness/stage.ts";

const ROOM = "room";

function user(id: string): PublicUser {
  return { id, displayName: id, avatarUrl: null };
}

/** A room with one message, on which users react. */
class World {
  readonly entries: Entry[] = [];
  readonly publicUsers: PublicUsers;
  /** Called before users are read, and after a reader's own reactions were. */
  onUsersRead = () => {};
  onReactionsRead = () => {};
  readonly store: Store;
  #receive: (event: BusEvent) => void = () => {};

  constructor() {
    this.store = {
      epoch: 0,
      log: {
        end: () => Promise.resolve({ seq: this.entries.length, n: 1 }),
        entriesAfter: (_room: string, seq: number, limit: number) =>
          Promise.resolve(this.entries.slice(seq, seq + limit)),
      },
      messages: {
        before: () => Promise.resolve([this.message]),
        threads: () => Promise.resolve(new Map()),
        reactionsBy: async () => {
          // By then everything else that goes with the messages has been read.
          await nextTurn();
          this.onReactionsRead();
          return new Map();
        },
      },
      users: {
        findPublic: (ids: string[]) => {
          this.onUsersRead();
          return Promise.resolve(ids.map(user));
        },
      },
    } as unknown as Store;
    const bus = { subscribe: (receive: (event: BusEvent) => void) => this.#receive = receive };
    this.publicUsers = new PublicUsers(this.store.users, bus as unknown as Bus);
    const message: Message = {
      ...PLAIN,
      id: "message",
      roomId: ROOM,
      seq: 1,
      changedSeq: 1,
      textSeq: 1,
      sender: user("ada"),
      text: "Hello",
      system: false,
      clientMessageId: "1",
      mentions: ["carl"],
      createdAt: new Date(1),
      updatedAt: new Date(1),
    };
    this.entries.push(creationOf(message, 1, null));
  }

  get message(): Message {
    return this.entries.at(-1)!.message;
  }

  get options() {
    return {
      store: this.store,
      publicUsers: this.publicUsers,
      log: { advance: () => {} } as unknown as RoomLog,
      flusher: new Flusher(() => 0),
      metrics: new Metrics(),
      profiles: new RecentProfiles(),
    };
  }

  changeProfile(id: string): void {
    this.#receive({ kind: "profile_changed", user: user(id) as User });
  }

  /** Appends a user's reaction, as another instance would. */
  react(id: string): Entry[] {
    const { message: before } = this;
    const by = user(id);
    const users = [...before.reactions.flatMap(({ users }) => users), id];
    const entry = entryAfter({ seq: this.entries.length, n: 1 }, ROOM, {
      kind: "reacted",
      id: `reaction of ${id}`,
      by,
      clientMessageId: id,
      request: null,
      createdAt: new Date(1),
      before,
      message: { ...before, reactions: [{ emoji: "a", count: users.length, users }] },
      added: [{ emoji: "a", user: by }],
      removed: [],
    });
    this.entries.push(entry);
    return [entry];
  }
}

/** A socket that keeps what it is sent. */
function socket() {
  const frames: string[] = [];
  const send = (text: string) => frames.push(text);
  const subscriber = { userId: "ada", open: true, batching: false, congested: false, send };
  return { frames, subscriber: subscriber as unknown as Subscriber };
}

Deno.test("users who are forgotten while others are read are found all the same", async () => {
  const world = new World();
  await world.publicUsers.find(["ada"]);
  // More than are kept.
  world.onUsersRead = () => {
    for (let i = 0; i < 10_000; i++) world.publicUsers.learn(user(`other ${i}`));
  };
  const found = await world.publicUsers.find(["ada", "bob"]);
  assert.deepEqual(found.map(({ id }) => id), ["ada", "bob"]);
});

Deno.test("a live frame has the users who were read for it while a profile was changed", async () => {
  const world = new World();
  const feed = new Feed(ROOM, world.options);
  await feed.refresh();
  const { frames, subscriber } = socket();
  feed.live.add(subscriber);
  world.react("bob");
  world.react("eve");
  world.onUsersRead = () => world.changeProfile("mallory");
  await feed.refresh();
  const shown = frames.map((frame) => JSON.parse(frame).data.users.map(({ id }: User) => id));
  assert.deepEqual(shown, [["carl", "bob"], ["carl", "bob", "eve"]]);
  feed.close();
});

Deno.test("who joins while users react without a pause is shown them all", async () => {
  const world = new World();
  const opened = Promise.resolve();
  const options = { ...world.options, opened, onRemoved: () => {}, onChange: () => {} };
  const room = new ServedRoom(ROOM, options);
  world.react("first");
  let count = 0;
  world.onReactionsRead = () => room.feed.offer(world.react(`user ${++count}`));
  let entered: Entered | undefined;
  await room.join(socket().subscriber, () => true, (shown) => entered = shown);
  const [message] = JSON.parse(entered!.messages);
  const named = [...message.mentions, ...message.reactions[0].users];
  assert.deepEqual(entered!.related.users.map(({ id }) => id), named);
  room.close();
});
